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

  it.each(["", "ftp://chat.example", "file:///etc/hosts", "https://"])("B19 %o is a TypeError", (url) => {
    expect(() => readAddress(url, onHttps)).toThrow(TypeError);
  });
});
