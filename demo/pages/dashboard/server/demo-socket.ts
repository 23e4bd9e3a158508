import type { AuthSocket } from "authsocket";
import type {
  AdminClientEvents,
  AdminServerEvents,
  ClientToServerEvents,
  ServerToClientEvents,
  SessionClientEvents,
  SessionServerEvents,
} from "../../../socket-events.ts";

/** An event of the protocol. A page can listen to it for the reason that a server gives when it ends a connection. */
interface Revocations {
  "auth:revoked": (revocation: { reason: string }) => void;
}

/** The AuthSocket that each page gives to the dashboard. */
export type DemoSocket = AuthSocket<ServerToClientEvents & Revocations, ClientToServerEvents>;

/** "/admin", on the same connection. */
export type AdminSocket = AuthSocket<AdminServerEvents & Revocations, AdminClientEvents>;

/** "/session", on a separate connection. The credential is a cookie. */
export type CookieSocket = AuthSocket<SessionServerEvents, SessionClientEvents>;
