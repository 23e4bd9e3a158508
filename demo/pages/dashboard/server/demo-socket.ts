import type { AuthSocket } from "authsocket";
import type {
  AdminClientEvents,
  AdminServerEvents,
  ClientToServerEvents,
  ServerToClientEvents,
  SessionClientEvents,
  SessionServerEvents,
} from "../../../socket-events.ts";

/** The protocol's own event that a page may listen to, for the words with which a server ends a connection. */
interface Revocations {
  "auth:revoked": (revocation: { reason: string }) => void;
}

/** The AuthSocket of both pages: it is all that the dashboard is given. */
export type DemoSocket = AuthSocket<ServerToClientEvents & Revocations, ClientToServerEvents>;

/** "/admin", on the same connection. */
export type AdminSocket = AuthSocket<AdminServerEvents & Revocations, AdminClientEvents>;

/** "/session", on a connection of its own, with a cookie for a token. */
export type CookieSocket = AuthSocket<SessionServerEvents, SessionClientEvents>;
