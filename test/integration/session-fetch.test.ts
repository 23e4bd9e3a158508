import { AuthSession, type AuthSessionOptions, memoryStore } from "authsocket";
import { http } from "msw";
import { setupServer } from "msw/node";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { deferred } from "../support/deferred.ts";
import { ManualPlatform } from "../support/manual-platform.ts";

const API = "https://api.fetch.test";

type Answer = (request: Request, number: number) => Response | Promise<Response>;

/** An API that answers what the test says, and a session that may send its token there. */
function open(answer: Answer, options: Partial<AuthSessionOptions> = {}) {
  const requests: { authorization: string | null; body: string; credentials: string }[] = [];
  const server = setupServer(
    http.all(`${API}/*`, async ({ request }) => {
      requests.push({
        authorization: request.headers.get("Authorization"),
        body: await request.clone().text(),
        credentials: request.credentials,
      });
      return answer(request, requests.length);
    }),
  );
  server.listen({ onUnhandledRequest: "bypass" });
  onTestFinished(() => server.close());
  const platform = new ManualPlatform();
  let number = 1;
  const refresh = vi.fn(async () => `token-${++number}`);
  const store = memoryStore({ accessToken: "token-1", subject: "alice" });
  const session = new AuthSession(
    { refresh, store, origins: [API], ...options } as AuthSessionOptions,
    platform,
  );
  onTestFinished(() => session.dispose());
  return { session, platform, refresh, requests };
}

const ok: Answer = () => new Response("ok");
const refused = (): Response => new Response("no", { status: 401 });

/** Takes every token but the first. */
const wantsFresh: Answer = (request) =>
  request.headers.get("Authorization") === "Bearer token-1" ? refused() : new Response("ok");

describe("session.fetch()", () => {
  it("S1 sends the token to an allowed origin", async () => {
    const { session, requests } = open(ok);
    expect(await (await session.fetch(`${API}/me`)).text()).toBe("ok");
    expect(requests).toMatchObject([{ authorization: "Bearer token-1" }]);
  });

  it.each([
    ["a text", "https://partner.test"],
    ["an object", {}],
  ])(
    "S1 a variable of the page that is called origin, %s, sends the token nowhere else",
    async (_, origin) => {
      vi.stubGlobal("origin", origin);
      onTestFinished(() => void vi.unstubAllGlobals());
      const sent: string[] = [];
      const { session, platform } = open(ok, {
        fetch: async (input) => {
          sent.push(String(input));
          return new Response("ok");
        },
      });
      platform.page = new URL("https://app.test/") as unknown as Location;
      await expect(session.fetch("https://partner.test/me")).rejects.toThrow('"origins"');
      await session.fetch("https://app.test/me");
      expect(sent).toEqual(["https://app.test/me"]);
    },
  );

  it.each([
    ["in a sandbox", "null", "https://app.test/me"],
    ["of srcdoc", "https://app.test", "https://elsewhere.test/me"],
  ])("S1 2.2 a frame %s is of another origin than its location says", async (_, origin, refusedUrl) => {
    vi.stubGlobal("origin", origin);
    onTestFinished(() => void vi.unstubAllGlobals());
    const { session, platform } = open(ok, { fetch: async () => new Response("ok") });
    const href = origin === "null" ? "https://app.test/" : "about:srcdoc";
    platform.page = new URL(href) as unknown as Location;
    await expect(session.fetch(refusedUrl)).rejects.toThrow('"origins"');
    if (origin !== "null") expect((await session.fetch("https://app.test/me")).status).toBe(200);
  });

  it.each([
    ["a string", (url: string) => url],
    ["a URL", (url: string) => new URL(url)],
    ["a Request", (url: string) => new Request(url)],
  ])("S1 another origin is a TypeError that names the option: %s", async (_, make) => {
    const { session } = open(ok);
    await expect(session.fetch(make("https://elsewhere.test/me"))).rejects.toThrow(TypeError);
    await expect(session.fetch(make("https://elsewhere.test/me"))).rejects.toThrow('"origins"');
  });

  it.each(["data:text/plain,x", "blob:null/1", "file:///etc/passwd"])(
    "S1 an opaque origin equals nothing: %s",
    async (url) => {
      const { session, platform } = open(ok);
      platform.page = { href: "file:///index.html", origin: "null" } as Location;
      await expect(session.fetch(url)).rejects.toThrow(TypeError);
    },
  );

  it("S1 a relative URL goes where the browser sends it, by the <base> of the page", async () => {
    const { session, platform, requests } = open(ok, { origins: undefined });
    platform.page = new URL("https://app.test/chat") as unknown as Location;
    vi.stubGlobal("document", { baseURI: `${API}/` });
    await expect(session.fetch("/me")).rejects.toThrow('"origins"');
    expect(requests).toHaveLength(0);
  });

  it("a Request's own signal ends the wait for a token", async () => {
    const { session } = open(ok, { refresh: () => new Promise(() => {}), store: memoryStore() });
    const controller = new AbortController();
    const asked = session.fetch(new Request(`${API}/me`, { signal: controller.signal }));
    controller.abort(new Error("left the page"));
    await expect(asked).rejects.toThrow("left the page");
  });

  it("what comes back refused is returned, though the user has signed out meanwhile", async () => {
    const { session } = open(async () => {
      await session.signOut();
      return refused();
    });
    expect((await session.fetch(`${API}/me`)).status).toBe(401);
  });

  it("no-cors is a TypeError", async () => {
    const { session, requests } = open(ok);
    await expect(session.fetch(`${API}/me`, { mode: "no-cors" })).rejects.toThrow(/"mode"/);
    expect(requests).toHaveLength(0);
  });

  it("S3 plain http to a host that is not loopback is insecure_url", async () => {
    const { session } = open(ok, { origins: ["http://api.fetch.test"] });
    await expect(session.fetch("http://api.fetch.test/me")).rejects.toMatchObject({ code: "insecure_url" });
  });

  it("a 401 refreshes and repeats the request once, its body included", async () => {
    const { session, requests, refresh } = open(wantsFresh);
    const response = await session.fetch(`${API}/notes`, { method: "POST", body: "a note" });
    expect(response.status).toBe(200);
    expect(requests).toMatchObject([
      { authorization: "Bearer token-1", body: "a note" },
      { authorization: "Bearer token-2", body: "a note" },
    ]);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("a Request is repeated with its body too", async () => {
    const { session, requests } = open(wantsFresh);
    const request = new Request(`${API}/notes`, { method: "POST", body: "a note" });
    expect((await session.fetch(request)).status).toBe(200);
    expect(requests.map(({ body }) => body)).toEqual(["a note", "a note"]);
  });

  it("what comes back refused is returned as it is, and no request is repeated twice", async () => {
    const { session, requests, refresh } = open(refused);
    expect((await session.fetch(`${API}/me`)).status).toBe(401);
    expect(requests).toHaveLength(2);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("B27 an API that always answers 401 costs one refresh, however often it is asked", async () => {
    const { session, platform, refresh, requests } = open(refused);
    for (let call = 0; call < 20; call++) {
      expect((await session.fetch(`${API}/me`)).status).toBe(401);
      await platform.advance(10_000);
    }
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(requests).toHaveLength(21);
    expect(session.state.status).toBe("signedIn");
  });

  it("B27 ten requests refused at once cost one refresh", async () => {
    const { session, refresh } = open(wantsFresh);
    const answers = Array.from({ length: 10 }, () => session.fetch(`${API}/me`));
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("one with a streaming body is not repeated", async () => {
    const { session, requests } = open(refused);
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("x"));
        controller.close();
      },
    });
    const init = { method: "POST", body, duplex: "half" } as RequestInit;
    expect((await session.fetch(`${API}/upload`, init)).status).toBe(401);
    expect(requests).toHaveLength(1);
  });

  it("2.2 B27 one with a streaming body that is refused refreshes the token for the next, once", async () => {
    let isStrict = false;
    const { session, platform, requests, refresh } = open((request, number) =>
      isStrict ? refused() : wantsFresh(request, number),
    );
    const upload = async () => {
      const init = { method: "POST", body: new Blob(["x"]).stream(), duplex: "half" } as RequestInit;
      const { status } = await session.fetch(`${API}/upload`, init);
      return status;
    };
    expect([await upload(), await upload()]).toEqual([401, 200]);
    expect(requests).toMatchObject([
      { authorization: "Bearer token-1" },
      { authorization: "Bearer token-2" },
    ]);
    isStrict = true;
    await platform.advance(15_000);
    for (let call = 0; call < 5; call++) {
      expect(await upload()).toBe(401);
      await platform.advance(15_000);
    }
    expect(refresh).toHaveBeenCalledTimes(2);
  });

  it("B7 a streaming body that is refused after a sign-out costs the next sign-in no refresh", async () => {
    const answer = deferred<Response>();
    const { session, platform, refresh } = open((_, number) => (number === 1 ? answer.promise : refused()));
    const token = await session.getToken();
    const init = { method: "POST", body: new Blob(["x"]).stream(), duplex: "half" } as RequestInit;
    const upload = session.fetch(`${API}/upload`, init);
    await session.getToken({ rejected: token });
    await session.signOut();
    answer.resolve(refused());
    expect((await upload).status).toBe(401);
    await session.signIn({ accessToken: "token-of-another-day", subject: "alice" });
    await platform.advance(60_000); // B27
    const turns = refresh.mock.calls.length;
    await session.getToken({ rejected: "token-of-another-day" });
    expect(refresh).toHaveBeenCalledTimes(turns + 1);
  });

  it("B16 another user who signs in meanwhile: the request is not repeated as theirs", async () => {
    const holder: { session?: AuthSession } = {};
    const { session, requests } = open(async (_, number) => {
      if (number === 1) await holder.session?.signIn({ accessToken: "bob's", subject: "bob" });
      return refused();
    });
    holder.session = session;
    await expect(session.fetch(`${API}/notes`, { method: "POST", body: "alice's" })).rejects.toMatchObject({
      code: "user_changed",
    });
    expect(requests.map(({ authorization }) => authorization)).toEqual(["Bearer token-1"]);
  });

  it("B16 another user who signs in before it is sent: it is not sent as theirs", async () => {
    const { session, requests } = open(ok);
    await session.getToken();
    const forced = session.getToken({ forceRefresh: true }).catch(() => {});
    const sent = session.fetch(`${API}/notes`, { method: "POST", body: "alice's" });
    const signedIn = session.signIn({ accessToken: "bob's", subject: "bob" });
    await expect(sent).rejects.toMatchObject({ code: "user_changed" });
    await Promise.all([forced, signedIn]);
    expect(requests).toHaveLength(0);
  });

  it("nobody signed in: it rejects with signed_out", async () => {
    const { session, requests } = open(ok);
    await session.signOut();
    await expect(session.fetch(`${API}/me`)).rejects.toMatchObject({ code: "signed_out" });
    expect(requests).toHaveLength(0);
  });

  it("an Authorization header of the caller's is left alone, and its 401 costs nothing", async () => {
    const { session, requests, refresh } = open(refused);
    const headers = { Authorization: "Basic x" };
    expect((await session.fetch(`${API}/me`, { headers })).status).toBe(401);
    expect(requests).toMatchObject([{ authorization: "Basic x" }]);
    expect(refresh).not.toHaveBeenCalled();
  });

  it("a redirect is an error that says so, unless the caller sets it", async () => {
    const { session } = open((request) =>
      request.url.endsWith("/away") ? Response.redirect(`${API}/here`) : new Response("ok"),
    );
    await expect(session.fetch(`${API}/away`)).rejects.toThrow(/redirect/);
    expect((await session.fetch(`${API}/away`, { redirect: "manual" })).status).toBe(302);
    expect((await session.fetch(new Request(`${API}/away`, { redirect: "manual" }))).status).toBe(302);
    await expect(session.fetch(new Request(`${API}/away`))).rejects.toThrow(/redirect/);
  });

  it("in cookie mode: no header, cookies included, the same single repetition", async () => {
    const refresh = vi.fn(async () => "");
    const { session, requests } = open((_, number) => (number === 1 ? refused() : new Response("ok")), {
      refresh,
      store: undefined,
      credential: "cookie",
    } as Partial<AuthSessionOptions>);
    expect((await session.fetch(`${API}/me`)).status).toBe(200);
    expect(requests).toMatchObject([
      { authorization: null, credentials: "include" },
      { authorization: null, credentials: "include" },
    ]);
  });

  it("2.2 in cookie mode, a call that is refused after another one's renewal is repeated: nobody has changed", async () => {
    const slow = deferred<Response>();
    const answer: Answer = (request, number) => {
      if (number > 2) return new Response("ok");
      return request.url.endsWith("/slow") ? slow.promise : refused();
    };
    const refresh = vi.fn(async () => "");
    const { session, requests } = open(answer, {
      refresh,
      store: undefined,
      credential: "cookie",
    } as Partial<AuthSessionOptions>);
    const late = session.fetch(`${API}/slow`);
    await vi.waitFor(() => expect(requests).toHaveLength(1));
    expect((await session.fetch(`${API}/quick`)).status).toBe(200);
    slow.resolve(refused());
    expect((await late).status).toBe(200);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("B27 a URL that goes on answering 401 costs one refresh until a renewal is due, whatever others answer", async () => {
    const { session, platform, refresh } = open((request) =>
      request.url.endsWith("/admin") ? refused() : new Response("ok"),
    );
    for (let minute = 0; minute < 4; minute++) {
      expect((await session.fetch(`${API}/admin`)).status).toBe(401);
      expect((await session.fetch(`${API}/news`)).status).toBe(200);
      await platform.advance(60_000);
    }
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("B27 a URL that takes the fresh token may refuse that one, too, when it is revoked", async () => {
    let good = "Bearer token-2";
    const { session, platform, refresh } = open((request) =>
      request.headers.get("Authorization") === good ? new Response("ok") : refused(),
    );
    expect((await session.fetch(`${API}/me`)).status).toBe(200);
    await platform.advance(60_000);
    good = "Bearer token-3";
    expect((await session.fetch(`${API}/me`)).status).toBe(200);
    expect(refresh).toHaveBeenCalledTimes(2);
  });

  it("B27 that is repeated without an answer leaves the budget to the next", async () => {
    let good = "Bearer token-1";
    let isDown = true;
    const { session, platform, refresh } = open((request) => {
      if (request.headers.get("Authorization") !== good) return refused();
      return isDown ? Response.error() : new Response("ok");
    });
    good = "Bearer token-2";
    await expect(session.fetch(`${API}/me`)).rejects.toThrow();
    isDown = false;
    await platform.advance(60_000);
    expect((await session.fetch(`${API}/me`)).status).toBe(200);
    good = "Bearer token-3";
    expect((await session.fetch(`${API}/me`)).status).toBe(200);
    expect(refresh).toHaveBeenCalledTimes(2);
  });

  it("B27 an answer to what was sent before a refresh gives no other refresh to a URL that is always refused", async () => {
    const polls: ((response: Response) => void)[] = [];
    const { session, platform, refresh, requests } = open((request) =>
      request.url.endsWith("/poll") ? new Promise((resolve) => polls.push(resolve)) : refused(),
    );
    for (let round = 0; round < 4; round++) {
      const poll = session.fetch(`${API}/poll`);
      await vi.waitFor(() => expect(polls).toHaveLength(1));
      await session.fetch(`${API}/denied`);
      polls.shift()?.(new Response("ok"));
      await poll;
      await platform.advance(15_000);
    }
    expect(requests).toHaveLength(9);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("2.2 does not repeat what is iterated as it is sent: the refusal is answered", async () => {
    const { session, requests } = open(wantsFresh);
    async function* body() {
      yield new TextEncoder().encode("once");
    }
    const init = { method: "POST", body: body(), duplex: "half" } as unknown as RequestInit;
    expect((await session.fetch(`${API}/upload`, init)).status).toBe(401);
    expect(requests.map(({ body }) => body)).toEqual(["once"]);
  });
});
