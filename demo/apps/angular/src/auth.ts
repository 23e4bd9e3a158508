import { AuthSocket, memoryStore } from "authsocket";
import type { ClientToServerEvents, ServerToClientEvents } from "../../../socket-events.ts";

const options = { refresh: "/api/refresh-token", store: memoryStore(), autoConnect: false };

// After a save, Angular loads the page anew: nothing has to be kept.
export const auth = new AuthSocket<ServerToClientEvents, ClientToServerEvents>("/", options);
