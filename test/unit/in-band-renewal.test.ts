import { EventEmitter } from "node:events";
import { Manager, type Socket } from "socket.io-client";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { readExpiresIn, renewInBand } from "../../src/client/connection/in-band-renewal.ts";

/** Socket.IO's ACK, as its parser numbers it. */
const ACK = 3;

/** A Socket whose engine writes down what it would send. */
class Line {
  readonly socket: Socket;
  readonly written: string[] = [];
  readonly transport = { writable: true };
  /** What the renewals were told. */
  readonly renewed: number[] = [];
  isWanted = true;
  readonly #engine = new EventEmitter();

  constructor(options: { retries?: number } = {}) {
    const manager = new Manager("http://localhost", { autoConnect: false });
    const engine = Object.assign(this.#engine, {
      transport: this.transport,
      write: (packet: string) => this.written.push(packet),
      _hasPingExpired: () => false,
    });
    Object.assign(manager, { engine });
    this.socket = manager.socket("/", options);
    this.socket.connected = true;
  }

  renew(hasQueue = false): void {
    renewInBand(
      this.socket,
      "fresh",
      hasQueue,
      () => this.isWanted,
      (expiresIn) => this.renewed.push(expiresIn),
    );
  }

  drain(): void {
    this.#engine.emit("drain");
  }

  answer(answer: unknown): void {
    const socket = this.socket as unknown as { onpacket(packet: object): void };
    socket.onpacket({ type: ACK, nsp: "/", id: 0, data: [answer] });
  }
}

const RENEWAL = '20["auth:renew",{"token":"fresh"}]';

describe("a renewal in band", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
  });

  it("B13 is one packet, whose answer tells how long the token is good", () => {
    const line = new Line();
    line.renew();
    expect(line.written).toEqual([RENEWAL]);
    line.answer({ expiresIn: 5_000 });
    expect(line.renewed).toEqual([5_000]);
  });

  it("B13 which is refused changes nothing", () => {
    const line = new Line();
    line.renew();
    line.answer({ code: "token_invalid", message: "no" });
    expect(line.renewed).toEqual([]);
  });

  it("B13 waits for its answer for ten seconds", () => {
    const [early, late] = [new Line(), new Line()];
    early.renew();
    late.renew();
    vi.advanceTimersByTime(9_999);
    early.answer({ expiresIn: 5_000 });
    vi.advanceTimersByTime(1);
    late.answer({ expiresIn: 5_000 });
    expect([early.renewed, late.renewed]).toEqual([[5_000], []]);
  });

  it("S1 is not shown to the app's listeners, which hear of all else as before", () => {
    const line = new Line();
    const heard: string[] = [];
    line.socket.onAnyOutgoing((event) => heard.push(`one ${event}`));
    line.socket.onAnyOutgoing((event) => heard.push(`two ${event}`));
    line.renew();
    line.socket.emit("hello");
    expect(heard).toEqual(["one hello", "two hello"]);
  });

  it("B13 goes out with this connection or not at all, and keeps nothing else back", () => {
    const line = new Line();
    line.socket.connected = false;
    line.socket.emit("hello");
    line.renew();
    expect(line.written).toEqual([]);
    expect(line.socket.sendBuffer.map(({ data }) => data)).toEqual([["hello"]]);
  });

  it("B13 does not wait for what is being written", () => {
    const line = new Line();
    line.transport.writable = false;
    line.renew();
    expect(line.written).toEqual([RENEWAL]);
  });

  it("B19 with retries, goes past the packets that wait for an answer", () => {
    const line = new Line({ retries: 3 });
    line.socket.emit("one");
    line.socket.emit("two");
    line.renew(true);
    expect(line.written).toEqual(['20["one"]', '21["auth:renew",{"token":"fresh"}]']);
  });

  it("B19 with retries, waits until it can be written at once", () => {
    const line = new Line({ retries: 3 });
    line.transport.writable = false;
    line.renew(true);
    line.drain();
    expect(line.written).toEqual([]);
    line.transport.writable = true;
    line.drain();
    line.drain();
    expect(line.written).toEqual([RENEWAL]);
  });

  it("B13 B19 which is not wanted any more when it could be written is not sent", () => {
    const line = new Line({ retries: 3 });
    line.transport.writable = false;
    line.renew(true);
    line.transport.writable = true;
    line.isWanted = false;
    line.drain();
    expect(line.written).toEqual([]);
  });
});

describe("the lifetime that a server tells", () => {
  it.each<[unknown, number | undefined]>([
    [{ expiresIn: 5_000 }, 5_000],
    [{ expiresIn: 0.5 }, 0.5],
    [{ expiresIn: 0 }, undefined],
    [{ expiresIn: -1 }, undefined],
    [{ expiresIn: Number.NaN }, undefined],
    [{ expiresIn: "5000" }, undefined],
    [{ code: "token_invalid" }, undefined],
    [null, undefined],
    [undefined, undefined],
  ])("S5 %j is read as %o", (payload, expiresIn) => {
    expect(readExpiresIn(payload)).toBe(expiresIn);
  });
});
