import { describe, expect, it } from "vitest";
import { isLoopback, refuseInsecure, refuseTokenInUrl } from "../../src/client/token/secrecy.ts";
import { timedToken } from "../support/unsigned-jwt.ts";

describe("a URL that a token is sent to", () => {
  const LOOPBACK = [
    "http://localhost",
    "http://localhost:3000",
    "http://localhost/admin",
    "http://localhost?v=1",
    "http://localhost#top",
    "http://localhost:3000/admin",
    "HTTP://LOCALHOST",
    "ws://app.localhost",
    "ws://a-b.c_d.localhost:3000/admin",
    "http://127.0.0.1",
    "http://127.10.20.30:3000",
    "http://[::1]",
    "http://[::1]:3000/admin",
    "http://me:secret@localhost:3000",
    "http://@localhost",
  ];

  it.each(LOOPBACK)("S3 %s stays on this machine", (url) => {
    expect(isLoopback(url)).toBe(true);
    expect(() => refuseInsecure("url", url)).not.toThrow();
  });

  it.each([
    "http://chat.example",
    "http://localhost.chat.example",
    "http://mylocalhost",
    "http://localhosts",
    "http://127.0.0.1.chat.example",
    "http://127.0.0",
    "http://128.0.0.1",
    "http://localhost@chat.example",
    "http://localhost:80@chat.example",
    "http://chat.example/http://localhost",
    "http://chat.example/@localhost",
    "http://chat.example?@localhost",
    "http://chat.example#@localhost",
    "http://chat.example\\@localhost",
    "http://chat.example/https://",
    "ws://chat.example/wss:",
    "HTTP://chat.example",
  ])("S3 %s does not, and is refused", (url) => {
    expect(isLoopback(url)).toBe(false);
    expect(() => refuseInsecure("url", url)).toThrow(expect.objectContaining({ code: "insecure_url" }));
  });

  it.each(["https://chat.example", "wss://chat.example", "HTTPS://chat.example"])(
    "S3 %s is encrypted",
    (url) => {
      expect(isLoopback(url)).toBe(false);
      expect(() => refuseInsecure("url", url)).not.toThrow();
    },
  );

  it.each(["/admin", "refresh", "/go?to=http://chat.example"])("S3 %s goes where the page is", (url) => {
    expect(() => refuseInsecure("url", url)).not.toThrow();
  });

  it.each([
    ["http://chat.example/r?key=1", "http://chat.example/r"],
    ["http://chat.example/r#key", "http://chat.example/r"],
    ["http://chat.example/r", "http://chat.example/r"],
  ])("S3 the refusal of %s names the option, the place without its query, and the cure", (url, place) => {
    expect(() => refuseInsecure("refresh", url)).toThrow(
      `"refresh" would send the token unencrypted to ${place}: use https, or set "allowInsecure"`,
    );
  });

  it("S2 holds no token, and the refusal does not quote it", () => {
    const url = `https://chat.example/?token=${timedToken(Date.UTC(2026, 0, 1))}`;
    expect(() => refuseTokenInUrl("io.query", url)).toThrow(
      expect.objectContaining({
        code: "token_in_url",
        message: `"io.query" contains a token. Remove it: a token is never sent in a URL`,
      }),
    );
    expect(() => refuseTokenInUrl("io.query", "https://chat.example/?v=1")).not.toThrow();
  });
});
