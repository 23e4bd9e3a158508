import {
  type AuthData,
  AuthError,
  type AuthEvent,
  authenticate,
  type Device,
  userRoom,
} from "authsocket/server";
import { type DefaultEventsMap, Server } from "socket.io";
import { holds, type Same } from "./same.ts";

interface Claims {
  role: "user" | "admin";
}

interface ServerToClient {
  message: (text: string) => void;
}

type Data = AuthData<Claims> & { colour?: string };

const verify = async (_token: string) => ({
  subject: "alice",
  expiresAt: Date.now() + 60_000,
  claims: { role: "user" } as Claims,
});

// A typed server knows what `socket.data.auth` is.
const io = new Server<DefaultEventsMap, ServerToClient, DefaultEventsMap, Data>();
const auth = authenticate(io, {
  verify,
  authorize: ({ subject, claims }, socket) => {
    holds<Same<typeof subject, string>>();
    holds<Same<typeof claims, Claims>>();
    holds<Same<typeof socket.data.colour, string | undefined>>();
    return claims.role === "admin";
  },
  except: ["/public", /^\/status/],
  guests: false,
  notice: 0,
  onEvent: ({ type, namespace, id, subject, code, error }: AuthEvent) => {
    holds<Same<typeof type, "accepted" | "refused" | "renewed" | "cut" | "revoked" | "fault">>();
    holds<Same<typeof namespace, string>>();
    holds<Same<typeof id, string | undefined>>();
    holds<Same<typeof subject, string | undefined>>();
    holds<Same<typeof error, string | undefined>>();
    return code;
  },
});
io.on("connection", (socket) => {
  const { subject, expiresAt, claims } = socket.data.auth;
  holds<Same<typeof subject, string>>();
  holds<Same<typeof expiresAt, number>>();
  holds<Same<typeof claims, Claims>>();
  io.to(userRoom(subject)).emit("message", "hello");
  // @ts-expect-error: no such claim
  claims.name;
});
const devices: Promise<Device[]> = auth.devices("alice");
const ended: Promise<void> = auth.disconnectUser("alice", "signed out");
void [devices, ended];

// So do namespaces, dynamic ones too; and a server without types takes any claims.
authenticate(io.of("/chat"), { verify });
authenticate(io.of(/^\/room-\d+$/), { verify, authorize: ({ claims }) => claims.role === "user" });
authenticate(new Server(), { verify: () => ({ subject: "alice", expiresAt: 0, claims: undefined }) });
const refusal: Error = new AuthError("unavailable", "later", { retryAfter: 1_000, cause: "x" });
void refusal;

// Optional properties also take undefined, and a verify that does not know a token may say so by null.
authenticate(io, {
  verify: async () => null,
  authorize: undefined,
  except: undefined,
  guests: undefined,
  notice: undefined,
  onEvent: undefined,
});

// @ts-expect-error: somebody has to verify tokens
authenticate(io, {});
// @ts-expect-error: without an expiry nobody would be cut
authenticate(io, { verify: () => ({ subject: "alice", claims: {} }) });
// @ts-expect-error: no code of the protocol
new AuthError("banned");
