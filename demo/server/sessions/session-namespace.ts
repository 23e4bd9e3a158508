import { AuthError, userRoom } from "authsocket/server";
import type { Profile } from "../../socket-events.ts";
import { readCookie } from "../guards/cookie.ts";
import { cutAt } from "../handshake/expiry-cut.ts";
import type { Accounts } from "../people/accounts.ts";
import { acknowledge } from "../sockets/acknowledgement.ts";
import { familyRoom, sessionRoom } from "../sockets/connections.ts";
import type { RefreshFamilies } from "../tokens/refresh-families.ts";
import type { ServerSessions } from "./server-sessions.ts";
import type { SessionNamespace, SessionSocket } from "./session-sockets.ts";

/**
 * "/session": the credential is a cookie. The engine reads cookies only once, when it is opened, so the session is looked up
 * at each CONNECT, and again when it is due to end.
 */
export function serveSessions(
  namespace: SessionNamespace,
  parts: { sessions: ServerSessions; accounts: Accounts; families: RefreshFamilies },
): void {
  const { sessions, accounts, families } = parts;

  async function admit(socket: SessionSocket): Promise<void> {
    const { headers, sessionID } = socket.request;
    const visit = await sessions.visit(sessionID);
    const { profile, familyId } = visit?.visitor ?? {};
    if (!visit || !profile || !familyId || !(await families.isAlive({ id: familyId, subject: profile.id }))) {
      const hadCookie = readCookie(headers.cookie, sessions.cookieName) !== undefined;
      throw new AuthError(hadCookie ? "token_expired" : "token_missing", "There is no session");
    }
    if ((await accounts.find(profile.id))?.suspended)
      throw new AuthError("insufficient_scope", "This account is suspended");
    socket.data = visit;
  }

  namespace.use((socket, next) => {
    admit(socket).then(
      () => next(),
      (error: unknown) =>
        next(error instanceof AuthError ? error : new AuthError("unavailable", undefined, { cause: error })),
    );
  });

  namespace.on("connection", (socket) => {
    const { visitor, expiresAt } = socket.data;
    const { profile, familyId, startedAt, visits } = visitor;
    const { sessionID } = socket.request;
    void socket.join([userRoom(profile.id), familyRoom(familyId), sessionRoom(sessionID)]);
    socket.on("whoami", (reply: unknown) => acknowledge<Profile>(reply)(profile));
    socket.emit("session", { username: profile.username, startedAt, visits });
    cutAt(socket, expiresAt, async () => (await sessions.find(sessionID))?.expiresAt);
  });
}
