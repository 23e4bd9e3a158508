import { AuthSocket, memoryStore } from "authsocket";
import type { ClientToServerEvents, ServerToClientEvents } from "../../../socket-events.ts";

const options = { refresh: "/api/refresh-token", store: memoryStore(), autoConnect: false };
const create = () => new AuthSocket<ServerToClientEvents, ClientToServerEvents>("/", options);

export const auth: ReturnType<typeof create> = import.meta.hot?.data.auth ?? create();
// A hot reload of this module goes on with the same connection.
if (import.meta.hot) import.meta.hot.data.auth = auth;
