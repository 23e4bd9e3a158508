import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import type { Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { AuthSocket, memoryStore } from "authsocket";
import type { Server } from "socket.io";
import ts from "typescript";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { blocks } from "./papers.ts";
import { root } from "./tarball.ts";

// The servers that a newcomer copies from three pages, run as they stand there, but for their ports.
const files: string[] = [];
const socketPapers = ["README.md", "docs/getting-started.md"];

async function run<Exports>(paper: string, from: string, to: string): Promise<Exports> {
  const code = blocks(paper).find((block) => block.code.includes(from))?.code ?? "";
  expect(code).toContain(from);
  const { outputText } = ts.transpileModule(code.replace(from, to), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  // Beside the built package, so that "authsocket/server" means it.
  const file = join(root, "dist", `paper-${process.pid}-${files.length}.mjs`);
  files.push(file);
  writeFileSync(file, outputText);
  return import(/* @vite-ignore */ pathToFileURL(file).href);
}

/** A browser's cookies, as far as one path of one server needs them. */
function withCookies(): typeof fetch {
  let cookie = "";
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    if (cookie !== "") headers.set("Cookie", cookie);
    headers.set("X-Requested-With", "authsocket");
    const response = await fetch(input, { ...init, headers });
    cookie = response.headers.getSetCookie().at(-1)?.split(";")[0] ?? cookie;
    return response;
  };
}

describe("what a newcomer copies", () => {
  let http: HttpServer;
  let api: string;
  const servers: Server[] = [];
  const urls = new Map<string, string>();
  const urlOf = (paper: string) => urls.get(paper) ?? "";

  beforeAll(async () => {
    process.env.JWT_SECRET = "a secret of the tests, with 32 bytes";
    ({ server: http } = await run<{ server: HttpServer }>(
      "docs/refresh-endpoint.md",
      "app.listen(4000)",
      "export const server = app.listen(0)",
    ));
    for (const paper of socketPapers) {
      const from = "const io = new Server(3000)";
      const { io } = await run<{ io: Server }>(paper, from, "export const io = new Server(0)");
      servers.push(io);
      urls.set(paper, `http://127.0.0.1:${(io.httpServer.address() as AddressInfo).port}`);
    }
    if (!http.listening) await once(http, "listening");
    api = `http://127.0.0.1:${(http.address() as AddressInfo).port}/api`;
  });

  afterAll(async () => {
    delete process.env.JWT_SECRET;
    http.close();
    for (const io of servers) await io.close();
    for (const file of files) rmSync(file);
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  function login(fetch: typeof globalThis.fetch, password = "wonderland"): Promise<Response> {
    const headers = { "Content-Type": "application/json" };
    return fetch(`${api}/login`, {
      method: "POST",
      headers,
      body: JSON.stringify({ username: "alice", password }),
    });
  }

  it.each(socketPapers)("signs in, connects and is answered by the server of %s", async (paper) => {
    const fetch = withCookies();
    const auth = new AuthSocket(urlOf(paper), {
      refresh: `${api}/refresh-token`,
      store: memoryStore(),
      fetch,
      autoConnect: false,
    });
    const message = new Promise((resolve) => auth.socket.once("message", resolve));
    await auth.session.signIn(await (await login(fetch)).json());
    auth.connect().socket.emit("message", "hello");
    expect(await message).toBe("alice: hello");
    auth.dispose();
  });

  it("is brought back by its cookie after a reload, and is signed out by the logout", async () => {
    const fetch = withCookies();
    const url = urlOf("docs/getting-started.md");
    await login(fetch);
    const options = () => ({
      refresh: `${api}/refresh-token`,
      store: memoryStore(),
      fetch,
      autoConnect: false,
    });
    const afterReload = new AuthSocket(url, options());
    expect(await afterReload.session.whenReady()).toMatchObject({ status: "signedIn", subject: "alice" });
    await fetch(`${api}/logout`, { method: "POST" });
    await afterReload.session.signOut();
    afterReload.dispose();
    const afterLogout = new AuthSocket(url, options());
    expect(await afterLogout.session.whenReady()).toMatchObject({ status: "signedOut" });
    afterLogout.dispose();
  });

  it.each([
    ["README.md", 'import { auth } from "./auth.ts";\n\nexport async function signIn'],
    ["docs/getting-started.md", 'import { auth } from "./auth.ts";\n\nexport async function signIn'],
    [
      "docs/sessions-and-tokens.md",
      'import { session } from "./session.ts";\n\nexport async function signOut',
    ],
  ])(
    "%s does not say that the user is signed out before the server has ended the cookie",
    async (paper, from) => {
      const browser = withCookies();
      await login(browser);
      const refresh = `${api}/refresh-token`;
      const auth = new AuthSocket(api, { refresh, store: memoryStore(), fetch: browser, autoConnect: false });
      expect(await auth.session.whenReady()).toMatchObject({ status: "signedIn" });
      vi.stubGlobal("page", { auth, session: auth.session });
      const to = from.replace(/import (.*) from .*;/, "const $1 = globalThis.page;");
      const { signOut } = await run<{ signOut: () => Promise<void> }>(paper, from, to);

      const { fetch } = globalThis;
      let answer = async () => new Response(null, { status: 500 });
      vi.stubGlobal("fetch", (input: string, init?: RequestInit) =>
        input === "/api/logout" ? answer() : fetch(input, init),
      );
      await expect(signOut()).rejects.toThrow("500");
      expect(auth.session.state.status).toBe("signedIn");
      answer = () => browser(`${api}/logout`, { method: "POST" });
      await signOut();
      expect(auth.session.state).toEqual({ status: "signedOut" });
      expect((await browser(refresh, { method: "POST" })).status).toBe(401);
      auth.dispose();
    },
  );

  /** The refresh cookie that a response sets. */
  function cookieOf(response: Response): string {
    return response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  }

  function refreshWith(cookie: string): Promise<Response> {
    const headers = { Cookie: cookie, "X-Requested-With": "authsocket" };
    return fetch(`${api}/refresh-token`, { method: "POST", headers });
  }

  it("gives a refresh token that has just been used the same successor", async () => {
    const used = cookieOf(await login(fetch));
    const [first, second] = (await Promise.all([refreshWith(used), refreshWith(used)])).map(cookieOf);
    expect(first).not.toBe("");
    expect(first).toBe(second);
    expect(first).not.toBe(used);
  });

  it("ends the sign-in when a used refresh token comes again after ten seconds, and no other sign-in", async () => {
    const [used, other] = [cookieOf(await login(fetch)), cookieOf(await login(fetch))];
    const successor = cookieOf(await refreshWith(used));
    const later = Date.now() + 10_001;
    vi.spyOn(Date, "now").mockReturnValue(later);
    expect((await refreshWith(used)).status).toBe(401);
    expect((await refreshWith(successor)).status).toBe(401);
    expect((await refreshWith(other)).status).toBe(200);
  });

  it("accepts no refresh token of a sign-in after its logout", async () => {
    const used = cookieOf(await login(fetch));
    const successor = cookieOf(await refreshWith(used));
    await fetch(`${api}/logout`, { method: "POST", headers: { Cookie: successor } });
    expect((await refreshWith(used)).status).toBe(401);
    expect((await refreshWith(successor)).status).toBe(401);
  });

  it("refuses a wrong password, a foreign cookie and a form of another site", async () => {
    expect((await login(fetch, "looking-glass")).status).toBe(401);
    expect((await refreshWith("refresh=x")).status).toBe(401);
    const headers = { Cookie: cookieOf(await login(fetch)) };
    expect((await fetch(`${api}/refresh-token`, { method: "POST", headers })).status).toBe(401);
  });
});
