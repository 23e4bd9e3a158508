import type { Socket } from "socket.io-client";
import { describe, expect, it } from "vitest";
import type { Answer, ChatLine } from "../../demo/socket-events.ts";
import { type DemoClient, event, useDemoServer } from "../support/demo-browser.ts";

const { signedIn } = useDemoServer();

describe("chat", () => {
  async function chatting(username: string): Promise<{ socket: DemoClient; lines: ChatLine[] }> {
    const { browser, token } = await signedIn(username);
    const socket = await browser.connect(token);
    const lines: ChatLine[] = [];
    socket.on("chat", (line) => lines.push(line));
    return { socket, lines };
  }

  it("reaches everybody, the sender included, with the sender's name", async () => {
    const [alice, bob] = [await chatting("alice"), await chatting("bob")];
    const received = event(bob.socket, "chat");
    expect(await alice.socket.emitWithAck("chat", { id: "one", text: "hello" })).toEqual({ ok: true });
    await received;
    const line = { id: "one", from: "alice", text: "hello", at: expect.any(Number) };
    expect(bob.lines).toEqual([line]);
    expect(alice.lines).toEqual([line]);
  });

  it("says a line once that is sent again, on another connection too, and still answers ok", async () => {
    const bob = await chatting("bob");
    for (const { socket } of [await chatting("alice"), await chatting("alice")])
      for (const text of ["hello", "hello again"])
        expect(await socket.emitWithAck("chat", { id: "twice", text })).toEqual({ ok: true });
    await bob.socket.emitWithAck("chat", { id: "last", text: "x" });
    expect(bob.lines.map(({ text }) => text)).toEqual(["hello", "x"]);
  });

  it("keeps the ids of two users apart", async () => {
    const [alice, bob] = [await chatting("alice"), await chatting("bob")];
    await alice.socket.emitWithAck("chat", { id: "same", text: "a" });
    await bob.socket.emitWithAck("chat", { id: "same", text: "b" });
    expect(bob.lines.map(({ from }) => from)).toEqual(["alice", "bob"]);
  });

  it("takes text of 500 characters", async () => {
    const { socket } = await chatting("alice");
    expect(await socket.emitWithAck("chat", { id: "long", text: "x".repeat(500) })).toEqual({ ok: true });
  });

  it("refuses what is not a line", async () => {
    const { socket, lines } = await chatting("alice");
    const wrong: Record<string, unknown> = {
      nothing: null,
      "text alone": "hello",
      "no id": { text: "x" },
      "an id that is not text": { id: 1, text: "x" },
      "an id that is too long": { id: "x".repeat(101), text: "x" },
      "empty text": { id: "x", text: "" },
      "text that is too long": { id: "x", text: "x".repeat(501) },
      "text that is not text": { id: "x", text: ["x"] },
    };
    for (const [what, line] of Object.entries(wrong)) {
      const answer = (await (socket as Socket).emitWithAck("chat", line)) as Answer;
      expect(answer, what).toEqual({ ok: false, error: expect.any(String) });
    }
    expect(lines).toEqual([]);
  });

  it("outlives events without an acknowledgement or with something else in its place", async () => {
    const { socket } = await chatting("alice");
    const raw = socket as Socket;
    raw.emit("chat");
    raw.emit("chat", { id: "a1", text: "x" }, "not a function");
    raw.emit("ticks");
    raw.emit("ticks", 1, { not: "a function" });
    expect(await socket.emitWithAck("chat", { id: "a2", text: "x" })).toEqual({ ok: true });
  });
});
