import type { Socket } from "socket.io-client";
import { findContender } from "../contenders/index.ts";
import { Absence } from "./absence.ts";
import { signIn } from "./account.ts";
import { connected } from "./connected.ts";
import type { Order } from "./order.ts";
import { pause } from "./pause.ts";

export interface LiveOrder extends Order {
  /** ms under load */
  duration: number;
  /** how many renewals of the token end the load before that. default: none do */
  renewals?: number;
}

/** What happened to one socket. */
export interface Life {
  disconnects: number;
  /** when it was first disconnected: ms since the epoch; far in the future if it never was */
  cutAt: number;
  /** ms not connected */
  away: number;
  /** whether it was connected at the end */
  back: boolean;
  /** whether it had the same id whenever it was connected */
  sameId: boolean;
  /** events that were sent, numbered from 0, and as many that asked for an acknowledgement */
  sent: number;
  /** rejected promises of an answer */
  rejected: number;
  /** the numbers of the events that arrived */
  down: number[];
}

/** ms between two events */
const PERIOD = 5;

/** ms under load after the last of the renewals */
const AFTERWARDS = 500;

/** ms to connect, on a busy machine too */
const START_PATIENCE = 20_000;

/** ms for what is on its way, and for clients that are not connected */
const PATIENCE = 2_000;

/** A busy page: both ends send an event every 5 ms while tokens expire. */
export async function live(order: LiveOrder, storage: Storage): Promise<Life[]> {
  const account = await signIn(order, storage);
  const client = findContender(order.contender).open(account, order);
  if (!(await connected(client.sockets, START_PATIENCE)))
    throw new Error(`${order.contender} did not connect`);
  const end = endOfLoad(order, storage, account.key);
  const lives = await Promise.all(client.sockets.map((socket) => liveOn(socket, order.duration, end)));
  client.close();
  return lives;
}

/** Resolves when the load ends. Every renewal puts another token into the storage. */
async function endOfLoad({ duration, renewals }: LiveOrder, storage: Storage, key: string): Promise<void> {
  if (renewals === undefined) return pause(duration);
  const latest = performance.now() + duration;
  const tokens = new Set([storage.getItem(key)]);
  while (tokens.size <= renewals && performance.now() < latest) {
    await pause(PERIOD);
    tokens.add(storage.getItem(key));
  }
  await pause(AFTERWARDS);
}

async function liveOn(socket: Socket, duration: number, end: Promise<void>): Promise<Life> {
  const ids = new Set([socket.id]);
  socket.on("connect", () => ids.add(socket.id));
  const absence = new Absence(socket);
  const down: number[] = [];
  socket.on("down", (number: number) => down.push(number));
  socket.emit("begin", duration);

  let sent = 0;
  let rejected = 0;
  const answers: Promise<void>[] = [];
  const timer = setInterval(() => {
    socket.emit("up", sent);
    answers.push(socket.emitWithAck("ask", sent++).then(undefined, () => void rejected++));
  }, PERIOD);
  await end;
  clearInterval(timer);

  const isBack = await connected([socket], PATIENCE);
  const away = absence.time;
  // Events arrive in order, so the answer comes after everything else.
  const back = isBack && (await inTime(socket.emitWithAck("end")));
  await inTime(Promise.all(answers));
  const cutAt = Math.min(absence.since, Number.MAX_SAFE_INTEGER);
  return {
    disconnects: absence.disconnects,
    cutAt,
    away,
    back,
    sameId: ids.size === 1,
    sent,
    rejected,
    down,
  };
}

function inTime(work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), PATIENCE);
    work
      .then(
        () => resolve(true),
        () => resolve(false),
      )
      .finally(() => clearTimeout(timer));
  });
}
