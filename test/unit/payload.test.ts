import { describe, expect, it } from "vitest";
import { connectPayload } from "../../src/client/connection/payload.ts";

describe("the CONNECT payload", () => {
  it.each([
    ["a token", "a", { token: "a" }],
    ["a guest or a cookie", undefined, {}],
  ])("S1 is by default for %s", (_, token, payload) => {
    expect(connectPayload(undefined, token)).toStrictEqual(payload);
  });

  it.each([
    ["an object", { room: 1 }],
    ["an object without a prototype", Object.create(null)],
    ["an object of another realm", Object.create(Object.create(null))],
  ])("S1 is %s that the app returns", (_, payload) => {
    expect(connectPayload(() => payload, "a")).toBe(payload);
  });

  it("S1 is made with the token", () => {
    expect(connectPayload((token) => ({ bearer: token }), "a")).toEqual({ bearer: "a" });
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["a text", "a"],
    ["a function", () => ({})],
    ["a list", []],
    ["a promise", Promise.resolve({})],
    ["an object of a class", new Map()],
  ])("S1 %s is none, and the error says so", (_, payload) => {
    expect(connectPayload(() => payload as object, "a")).toMatchObject({
      name: "AuthSocketError",
      code: "forbidden",
      message: `"payload" threw, or did not return a plain object that can be sent, so the socket did not connect: see the cause`,
      cause: new TypeError(`"payload" must return a plain object`),
    });
  });

  it.each([{ pid: "p" }, { offset: undefined }])("T6 %j is Socket.IO's to say", (fields) => {
    expect(connectPayload(() => fields, "a")).toMatchObject({
      code: "forbidden",
      cause: new TypeError(`"payload" must leave "pid" and "offset" to Socket.IO`),
    });
  });

  it("B9 what the app throws is the cause", () => {
    const cause = new Error("no room");
    const payload = connectPayload(() => {
      throw cause;
    }, "a");
    expect(payload).toMatchObject({ code: "forbidden" });
    expect(payload).toHaveProperty("cause", cause);
  });
});
