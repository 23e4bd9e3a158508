import { describe, expect, it } from "vitest";
import { readAddress } from "../../src/client/connection/address.ts";

const onHttps = () => "https:";

describe("a Socket.IO URL", () => {
  it.each([
    ["https://chat.example", "https://chat.example", "/"],
    ["https://chat.example/", "https://chat.example/", "/"],
    ["https://chat.example/admin", "https://chat.example/admin", "/admin"],
    ["https://chat.example:3000/a/b?v=1#top", "https://chat.example:3000/a/b?v=1#top", "/a/b"],
    ["wss://chat.example/admin", "wss://chat.example/admin", "/admin"],
    ["//chat.example/admin", "https://chat.example/admin", "/admin"],
    ["chat.example:3000", "https://chat.example:3000", "/"],
    ["localhost:3000/admin", "https://localhost:3000/admin", "/admin"],
    ["http://chat.example/admin", "http://chat.example/admin", "/admin"],
    ["ws://chat.example/admin", "ws://chat.example/admin", "/admin"],
    ["HTTPS://chat.example/admin", "HTTPS://chat.example/admin", "/admin"],
    ["chat.example/go//admin", "https://chat.example/go//admin", "/go//admin"],
    ["chat.example/go?to=http://x.example", "https://chat.example/go?to=http://x.example", "/go"],
    ["https://chat.example?to=/admin", "https://chat.example?to=/admin", "/"],
    ["https://chat.example#/admin", "https://chat.example#/admin", "/"],
  ])("B19 %s is read as io() reads it", (url, uri, namespace) => {
    expect(readAddress(url, onHttps)).toEqual({ uri, namespace, query: undefined });
  });

  it.each([
    ["/", "/", undefined],
    ["/admin", "/admin", undefined],
    ["/admin?v=1#top", "/admin", "v=1"],
  ])("B19 %s is a namespace of this origin", (url, namespace, query) => {
    const readsNoPage = () => {
      throw new Error("the page was asked");
    };
    expect(readAddress(url, readsNoPage)).toEqual({ uri: undefined, namespace, query });
  });

  it.each([
    "",
    "ftp://chat.example",
    "file:///etc/hosts",
    "file:///http://chat.example",
    "https://",
    "httpsx://chat.example",
    "xhttps://chat.example",
  ])("B19 %o is a TypeError that says what is", (url) => {
    expect(() => readAddress(url, onHttps)).toThrow(
      new TypeError(`"url" must be an http(s) or ws(s) URL, or a path that starts with "/"`),
    );
  });
});
