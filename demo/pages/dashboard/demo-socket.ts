import type { AuthSocket } from "authsocket";
import type { ClientToServerEvents, ServerToClientEvents } from "../../socket-events.ts";

/** The AuthSocket of both pages: it is all that the dashboard is given. */
export type DemoSocket = AuthSocket<ServerToClientEvents, ClientToServerEvents>;
