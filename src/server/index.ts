export { AuthError, type AuthErrorOptions } from "./auth-error.ts";
export { authenticate, type SocketSource } from "./authenticate.ts";
export type { AuthData, Identity } from "./identity.ts";
export type { AuthenticateOptions } from "./options.ts";
export type { AuthEvent } from "./reporter.ts";
export { userRoom } from "./user-room.ts";
export type { Device, UserSockets } from "./user-sockets.ts";
