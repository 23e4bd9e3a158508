import { describe, expect, it } from "vitest";
import { RecoveryCursor } from "../../src/client/connection/recovery-cursor.ts";

const [ALICE, BOB, GUEST] = [1, 2, -3];

const MEMORY = "PZ09_-q";
const STREAM = "1767225600000-0";
const DOCUMENT = "507f1f77bcf86cd799439011";

/** The cursor of a connection of Alice's to a server with recovery. */
function connected(): RecoveryCursor {
  const cursor = new RecoveryCursor(false);
  cursor.connected(ALICE);
  cursor.accepted({ sid: "i", pid: "p" });
  return cursor;
}

const fields = (cursor: RecoveryCursor, user = ALICE) => cursor.fields(user);

describe("connection state recovery", () => {
  it("B19 leaves to Socket.IO where it begins", () => {
    expect(fields(connected())).toStrictEqual({});
    expect(fields(new RecoveryCursor(false))).toStrictEqual({});
  });

  it("T6 offers nothing that it has not seen: it may be of a plain Socket that was somebody else's", () => {
    expect(fields(new RecoveryCursor(true))).toStrictEqual({ pid: undefined, offset: undefined });
  });

  it.each([MEMORY, `${MEMORY}.b`, `${MEMORY}.aZ_-9`, STREAM, "17672256000000-12", DOCUMENT])(
    "T10 goes on from the offset %s",
    (offset) => {
      const cursor = connected();
      cursor.received(["news", { offset: 1 }, offset]);
      expect(fields(cursor)).toStrictEqual({ offset });
    },
  );

  it.each([
    "hello",
    "hello you",
    // As long as an offset, though no time of these decades.
    "offline",
    "_offset",
    "1234567",
    `${MEMORY}q`,
    `x ${MEMORY}`,
    `${MEMORY} x`,
    `${MEMORY}.`,
    `${MEMORY}.b c`,
    "176722560000-0",
    "1767225600000-",
    "1767225600000-x",
    "x1767225600000-0",
    "1767225600000-0x",
    "176722560000x-0",
    `${DOCUMENT}0`,
    DOCUMENT.replace("f", "g"),
    DOCUMENT.slice(1),
    // The id of a user, which many apps send.
    DOCUMENT,
  ])("T10 takes no other text for an offset: %o", (text) => {
    const cursor = connected();
    cursor.received(["news", MEMORY]);
    cursor.received(["message", text]);
    expect(fields(cursor)).toStrictEqual({ offset: MEMORY });
  });

  it.each([MEMORY, STREAM])("T10 B19 ObjectIds are offsets again in the next session, after %s", (last) => {
    const cursor = connected();
    cursor.received(["news", last]);
    cursor.accepted({ sid: "j", pid: "q" });
    expect(fields(cursor)).toStrictEqual({ offset: last });
    cursor.received(["news", DOCUMENT]);
    expect(fields(cursor)).toStrictEqual({ offset: DOCUMENT });
  });

  it("T10 B19 a recovered session goes on as before: an ObjectId is the app's own", () => {
    const cursor = connected();
    cursor.received(["news", MEMORY]);
    cursor.accepted({ sid: "i", pid: "p" });
    cursor.received(["message", DOCUMENT]);
    expect(fields(cursor)).toStrictEqual({ offset: MEMORY });
  });

  it.each<[string, unknown[]]>([
    ["that ends with no text", ["news", MEMORY, 7]],
    ["that ends with a number as long as an offset", ["news", 1_234_567]],
    ["without arguments, whose name is no offset", ["news"]],
    ["of nothing", []],
  ])("T10 goes on from where it was after an event %s", (_, event) => {
    const cursor = connected();
    cursor.received(["news", STREAM]);
    cursor.received(event);
    expect(fields(cursor)).toStrictEqual({ offset: STREAM });
  });

  it("T10 overrides nothing where there was no offset but a text", () => {
    const cursor = connected();
    cursor.received(["message", "hello"]);
    expect(fields(cursor)).toStrictEqual({});
  });

  it.each([undefined, null, {}, { sid: "i" }, { pid: "" }])(
    "B19 sends no offset to a server whose CONNECT answer is %j",
    (payload) => {
      const cursor = new RecoveryCursor(false);
      cursor.connected(ALICE);
      cursor.accepted(payload);
      cursor.received(["news", MEMORY]);
      expect(fields(cursor)).toStrictEqual({});
    },
  );

  it("B19 takes no offset from a server that has not accepted yet", () => {
    const cursor = new RecoveryCursor(false);
    cursor.connected(ALICE);
    cursor.received(["news", MEMORY]);
    cursor.accepted({ sid: "i", pid: "p" });
    expect(fields(cursor)).toStrictEqual({});
  });

  it("B19 takes no offset from a server without recovery, also where the next one recovers", () => {
    const cursor = new RecoveryCursor(false);
    cursor.connected(ALICE);
    cursor.accepted({ sid: "i" });
    cursor.received(["news", MEMORY]);
    cursor.accepted({ sid: "j", pid: "p" });
    expect(fields(cursor)).toStrictEqual({});
  });

  it("B19 sends none to a server that recovers no more", () => {
    const cursor = connected();
    cursor.received(["news", MEMORY]);
    cursor.accepted({ sid: "i" });
    expect(fields(cursor)).toStrictEqual({});
  });

  it.each([
    ["another user", BOB],
    ["a guest", GUEST],
  ])("T6 B21 offers nothing of one user's connection to %s", (_, user) => {
    const cursor = connected();
    cursor.received(["news", MEMORY]);
    expect(fields(cursor, user)).toStrictEqual({ pid: undefined, offset: undefined });
    expect(fields(cursor)).toStrictEqual({ offset: MEMORY });
  });

  it("T6 T10 the next user has no offset, though Socket.IO has the last user's, until there is one", () => {
    const cursor = connected();
    cursor.received(["news", MEMORY]);
    cursor.connected(BOB);
    expect(fields(cursor, BOB)).toStrictEqual({ offset: undefined });
    cursor.received(["message", "hello"]);
    expect(fields(cursor, BOB)).toStrictEqual({});
    cursor.received(["news", STREAM]);
    expect(fields(cursor, BOB)).toStrictEqual({ offset: STREAM });
    expect(fields(cursor)).toStrictEqual({ pid: undefined, offset: undefined });
  });

  it("T6 a reconnection of the same user keeps the offset", () => {
    const cursor = connected();
    cursor.received(["news", MEMORY]);
    cursor.connected(ALICE);
    expect(fields(cursor)).toStrictEqual({ offset: MEMORY });
  });
});
