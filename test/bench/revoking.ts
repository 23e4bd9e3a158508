/**
 * What authsocket/server costs one event loop: revoking one user among 50,000 sockets, and renewing 10,000 connections.
 * The sockets are Socket.IO's own, without a network: what is measured is the server part. `npm run bench:server`.
 */
import { EventEmitter, once } from "node:events";
import { Server, type Socket } from "socket.io";
import { authenticate } from "../../src/server/index.ts";
import { quantile } from "./statistics.ts";

const SOCKETS = 50_000;
const RENEWED = 10_000;
const REPETITIONS = 200;

const io = new Server();
const namespace = io.of("/");
const HOUR = 3_600_000;
const auth = authenticate(io, {
  verify: (token) => ({ subject: token, expiresAt: Date.now() + HOUR, claims: {} }),
});

/** What stands for an engine connection: it takes what is written and sends it nowhere. */
function newClient() {
  const conn = Object.assign(new EventEmitter(), {
    readyState: "open",
    protocol: 4,
    remoteAddress: "127.0.0.1",
    transport: { writable: true },
    write() {},
    close() {},
  });
  const request = { headers: {}, connection: {}, url: "/", _query: {} };
  return { conn, request, server: io, _packet() {}, writeToEngine() {}, _remove() {} };
}

/** Connects a user, as a CONNECT packet does. */
function enter(subject: string): Promise<Socket> {
  const { _add } = namespace as unknown as {
    _add(client: object, payload: object, done: (socket: Socket) => void): void;
  };
  return new Promise((resolve) => _add.call(namespace, newClient(), { token: subject }, resolve));
}

// As a namespace that a client asks for.
io.of("/");
console.log(`connecting ${SOCKETS} sockets`);
const sockets: Socket[] = [];
const subjectOf = new Map<Socket, string>();
for (let number = 0; number < SOCKETS; number++) {
  const subject = `user ${number % (SOCKETS / 2)}`;
  const socket = await enter(subject);
  sockets.push(socket);
  subjectOf.set(socket, subject);
}

const revoking: number[] = [];
for (let repetition = 0; repetition < REPETITIONS; repetition++) {
  const begun = performance.now();
  const ended = auth.disconnectUser(`user ${repetition}`, "signed out");
  revoking.push(performance.now() - begun);
  await ended;
}
console.log(
  `revoking a user with two of ${SOCKETS} sockets: ${quantile(revoking, 0.5).toFixed(3)} ms of the event loop (median of ${REPETITIONS}), to reach 0.1 ms`,
);

const renewing = sockets.slice(-RENEWED).map((socket) => ({ socket, token: subjectOf.get(socket) }));
const begun = process.cpuUsage();
let answered = 0;
const done = new EventEmitter();
for (const { socket, token } of renewing) {
  const answer = () => {
    if (++answered === RENEWED) done.emit("all");
  };
  const { dispatch } = socket as unknown as { dispatch(event: unknown[]): void };
  dispatch.call(socket, ["auth:renew", { token }, answer]);
}
if (answered < RENEWED) await once(done, "all");
const { user, system } = process.cpuUsage(begun);
console.log(`renewing ${RENEWED} connections: ${((user + system) / RENEWED).toFixed(1)} µs of CPU each`);
process.exit();
