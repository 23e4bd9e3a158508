import { AuthError, userRoom } from "authsocket/server";
import type { Profile } from "../../socket-events.ts";
import { readCookie } from "../guards/cookie.ts";
import { cutAt } from "../handshake/expiry-cut.ts";
import { toRefusal } from "../handshake/refusal.ts";
import type { Accounts } from "../people/accounts.ts";
import { acknowledge } from "../sockets/acknowledgement.ts";
import { familyRoom, sessionRoom } from "../sockets/connections.ts";
import { enterRooms } from "../sockets/room-entry.ts";
import type { RefreshFamilies } from "../tokens/refresh-families.ts";
import type { ServerSessions, Visitor } from "./server-sessions.ts";
import type { SessionNamespace, SessionSocket } from "./session-sockets.ts";

const NO_SESSION = "There is no session";

/**
 * "/session": the credential is a cookie. The engine reads cookies only once, when it is opened, so the session is looked up
 * at each CONNECT, and again when it is due to end.
 */
export function serveSessions(
  namespace: SessionNamespace,
  parts: { sessions: ServerSessions; accounts: Accounts; families: RefreshFamilies },
): void {
  const { sessions, accounts, families } = parts;

  /** @throws {AuthError} when the sign-in of a session has ended, or its user is suspended */
  async function checkVisitor({ profile, familyId }: Visitor): Promise<void> {
    if (!(await families.isAlive({ id: familyId, subject: profile.id })))
      throw new AuthError("token_expired", NO_SESSION);
    if ((await accounts.find(profile.id))?.suspended)
      throw new AuthError("insufficient_scope", "This account is suspended");
  }

  async function admit(socket: SessionSocket): Promise<void> {
    const { headers, sessionID } = socket.request;
    const visit = await sessions.visit(sessionID);
    if (!visit) {
      const hadCookie = readCookie(headers.cookie, sessions.cookieName) !== undefined;
      throw new AuthError(hadCookie ? "token_expired" : "token_missing", NO_SESSION);
    }
    await checkVisitor(visit.visitor);
    socket.data = visit;
  }

  namespace.use((socket, next) => {
    admit(socket).then(
      () => next(),
      (error: unknown) => next(toRefusal(error)),
    );
  });

  namespace.on("connection", (socket) => {
    const { visitor, expiresAt } = socket.data;
    const { profile, familyId, startedAt, visits } = visitor;
    const { sessionID } = socket.request;
    const rooms = [userRoom(profile.id), familyRoom(familyId), sessionRoom(sessionID)];
    void enterRooms(socket, rooms, async () => {
      if (!(await sessions.find(sessionID))) throw new AuthError("token_expired", NO_SESSION);
      await checkVisitor(visitor);
    });
    // The timer can be late, and the session is renewed by requests: look at it before each packet.
    socket.use((_packet, next) => {
      sessions.find(sessionID).then(
        (session) => (session && session.expiresAt > Date.now() ? next() : socket.disconnect()),
        () => socket.disconnect(),
      );
    });
    socket.on("whoami", (reply: unknown) => acknowledge<Profile>(reply)(profile));
    socket.emit("session", { username: profile.username, startedAt, visits });
    cutAt(socket, expiresAt, async () => (await sessions.find(sessionID))?.expiresAt);
  });
}
