export { AuthSocket, type DefaultEventsMap, type EventsMap } from "./auth-socket.ts";
export type { AuthSocketState } from "./connection/connection-state.ts";
export type { AuthSocketOptions } from "./connection/options.ts";
export { isTokenRefused } from "./connection/refusal.ts";
export * from "./index.session.ts";
