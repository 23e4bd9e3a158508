import { AuthSocketError, memoryStore } from "authsocket";
import { createTestServer } from "authsocket/testing";
import { describe, expect, it } from "vitest";
import { deliver } from "../../demo/pages/dashboard/chat/chat-delivery.ts";
import { receiveLine, sendLine, settleLine } from "../../demo/pages/dashboard/chat/chat-lines.ts";

const line = { id: "1", text: "hello" };
const shown = sendLine([], { ...line, from: "alice" });

describe("the chat lines of the demo", () => {
  it("shows a line of one's own at once, as being sent", () => {
    expect(shown).toEqual([{ ...line, from: "alice", own: true, state: "sending" }]);
  });

  it("knows a line as sent by the server's answer, or by its coming round", () => {
    expect(settleLine(shown, "1")[0]?.state).toBe("sent");
    const round = receiveLine(shown, { ...line, from: "alice", at: 5 });
    expect(round.map(({ state, own }) => [state, own])).toEqual([["sent", true]]);
  });

  it("says why a line has failed", () => {
    expect(settleLine(shown, "1", "too long")[0]).toMatchObject({ state: "failed", error: "too long" });
  });

  it("adds other people's lines, each once", () => {
    const message = { id: "2", text: "hi", from: "bob", at: 5 };
    const lines = receiveLine(receiveLine(shown, message), message);
    expect(lines.map(({ from, own, state }) => [from, own, state])).toEqual([
      ["alice", true, "sending"],
      ["bob", false, "sent"],
    ]);
  });
});

describe("the delivery of a chat line", () => {
  const never = new AbortController().signal;

  it("sends the line again under the same id when the connection ends before the answer", async () => {
    const sent: string[] = [];
    const answer = await deliver(
      async ({ id }) => {
        sent.push(id);
        if (sent.length < 3) throw new Error("socket has been disconnected");
        return { ok: true };
      },
      line,
      never,
    );
    expect(answer).toEqual({ ok: true });
    expect(sent).toEqual(["1", "1", "1"]);
  });

  it("takes the server's no for an answer", async () => {
    expect(await deliver(async () => ({ ok: false, error: "too long" }), line, never)).toEqual({
      ok: false,
      error: "too long",
    });
  });

  it("B16 does not send a line again once its user has gone", async () => {
    let sent = 0;
    const answer = await deliver(
      () => {
        sent++;
        return Promise.reject(new AuthSocketError("user_changed"));
      },
      line,
      never,
    );
    expect(answer.ok).toBe(false);
    expect(sent).toBe(1);
  });

  it("B18 ends with the AuthSocket, whose disposal rejects every try without a code", async () => {
    const server = createTestServer();
    const auth = server.socket({ store: memoryStore(server.issue()) });
    const end = new AbortController();
    let sent = 0;
    const delivered = deliver(
      (line) => {
        // Otherwise a loop that does not end would never let the test fail.
        if (++sent > 10) return Promise.resolve({ ok: true });
        return auth.socket.emitWithAck("chat", line);
      },
      line,
      end.signal,
    );
    end.abort();
    auth.dispose();
    expect(await delivered).toEqual({ ok: false, error: "the page was left before it was sent" });
    expect(sent).toBe(1);
    await server.close();
  });
});
