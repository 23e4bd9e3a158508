import { setImmediate } from "node:timers/promises";
import { AuthSession } from "authsocket";
import { msalSource } from "authsocket/sources";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { deferred } from "../../support/deferred.ts";
import { ManualPlatform } from "../../support/manual-platform.ts";
import { timedToken } from "../../support/unsigned-jwt.ts";
import { ask, cached, failure, forcing, newsOf, waits } from "./questions.ts";

type Listener = (message: { eventType: string; interactionType: string | null; payload: unknown }) => void;

const ann = { homeAccountId: "ann" };
const bob = { homeAccountId: "bob" };
const expiresOn = new Date(1_900_000_000_000);
const result = { accessToken: "token", expiresOn, uniqueId: "ann" };

function msal(acquire: () => Promise<typeof result> = async () => result) {
  const listeners = new Map<string | null, Listener>();
  return {
    redirect: async (): Promise<unknown> => null,
    active: null as object | null,
    accounts: [ann] as object[],
    async handleRedirectPromise() {
      return this.redirect();
    },
    getActiveAccount() {
      return this.active;
    },
    getAllAccounts() {
      return this.accounts;
    },
    acquireTokenSilent: vi.fn(acquire),
    addEventCallback(listener: Listener) {
      const id = `callback ${listeners.size}`;
      listeners.set(id, listener);
      return id;
    },
    removeEventCallback: (id: string | null) => listeners.delete(id),
    tell(eventType: string, payload: unknown = null, interactionType: string | null = null) {
      for (const listener of [...listeners.values()]) listener({ eventType, interactionType, payload });
    },
    listeners,
  };
}

const scopes = ["api://chat/.default"];

describe("msalSource", () => {
  it.each([
    ...cached.map((reason) => [reason, false] as const),
    ...forcing.map((reason) => [reason, true] as const),
  ])("where a token is %s, forces: %s", async (reason, forceRefresh) => {
    const app = msal();
    expect(await ask(msalSource(app, { scopes }), reason)).toEqual({
      accessToken: "token",
      expiresAt: 1_900_000_000_000,
      subject: "ann",
    });
    expect(app.acquireTokenSilent).toHaveBeenCalledExactlyOnceWith({ scopes, account: ann, forceRefresh });
  });

  it("asks for the active account before any other", async () => {
    const app = msal();
    app.active = bob;
    await ask(msalSource(app, { scopes }), "missing");
    expect(app.acquireTokenSilent).toHaveBeenCalledWith(expect.objectContaining({ account: bob }));
  });

  it("answers nothing before MSAL is initialized and has handled a redirect", async () => {
    const app = msal();
    const uninitialized = failure({ errorCode: "uninitialized_public_client_application" });
    const asked = vi.fn(() => Promise.reject(uninitialized));
    app.accounts = [];
    app.redirect = asked;
    const answer = ask(msalSource(app, { scopes }), "missing");
    await vi.waitFor(() => expect(asked).toHaveBeenCalledOnce());
    expect(await waits(answer)).toBe(true);
    app.redirect = async () => {
      app.accounts = [ann];
    };
    app.tell("msal:initializeEnd");
    expect(await answer).toMatchObject({ accessToken: "token" });
    expect(app.listeners.size).toBe(0);
  });

  it("leaves it to the app to hear that a redirect failed", async () => {
    const app = msal();
    app.redirect = () => Promise.reject(failure({ errorCode: "access_denied" }));
    expect(await ask(msalSource(app, { scopes }), "missing")).toMatchObject({ accessToken: "token" });
  });

  it("knows that nobody is signed in", async () => {
    const app = msal();
    app.accounts = [];
    expect(await ask(msalSource(app, { scopes }), "missing")).toBeUndefined();
  });

  it("takes InteractionRequiredAuthError for nobody", async () => {
    const app = msal(() => Promise.reject(failure({ name: "InteractionRequiredAuthError" })));
    expect(await ask(msalSource(app, { scopes }), "expired")).toBeNull();
  });

  it.each(["BrowserAuthError", "ServerError", "ClientAuthError"])(
    "passes on a %s, which says nothing about the user",
    async (name) => {
      const error = failure({ name });
      const app = msal(() => Promise.reject(error));
      await expect(ask(msalSource(app, { scopes }), "expired")).rejects.toBe(error);
    },
  );

  it.each([
    ["msal:loginSuccess", {}],
    ["msal:logoutSuccess", null],
    ["msal:activeAccountChanged", null],
    ["msal:accountAdded", null],
    ["msal:accountRemoved", null],
    ["msal:acquireTokenSuccess", { fromCache: false }],
  ])("tells of %s", async (eventType, payload) => {
    const app = msal();
    expect(await newsOf(msalSource(app, { scopes }), () => app.tell(eventType, payload))).toBe(1);
    expect(app.listeners.size).toBe(0);
  });

  it.each([
    ["msal:acquireTokenSuccess", { fromCache: true }],
    ["msal:acquireTokenStart", null],
    ["msal:acquireTokenFailure", null],
  ])("keeps %s to itself, which is no news: %o", async (eventType, payload) => {
    const app = msal();
    expect(await newsOf(msalSource(app, { scopes }), () => app.tell(eventType, payload))).toBe(0);
  });

  /** An MSAL whose tokens live no longer than its `tokenRenewalOffsetSeconds`: each question gets a new one, by the network. */
  function shortLived(platform: ManualPlatform) {
    let issued = 0;
    const app = msal(async () => {
      const accessToken = timedToken(platform.now(), 290_000, { jti: `${++issued}` });
      const answer = { accessToken, expiresOn: new Date(platform.now() + 290_000), uniqueId: "ann" };
      await setImmediate(); // the network
      app.tell("msal:acquireTokenSuccess", { ...answer, fromCache: false }, "silent");
      return answer;
    });
    return app;
  }

  it.each([
    ["msal:loginSuccess", ann, "popup"],
    ["msal:activeAccountChanged", null, null],
    ["msal:acquireTokenSuccess", { ...result, fromCache: false }, "silent"],
  ])(
    "B23 refreshes a token with a short life once after %s, and not after its own refresh",
    async (eventType, payload, interactionType) => {
      const platform = new ManualPlatform();
      const app = shortLived(platform);
      const session = new AuthSession({ source: msalSource(app, { scopes }) }, platform);
      onTestFinished(() => session.dispose());
      await session.getToken();
      app.acquireTokenSilent.mockClear();
      app.tell(eventType, payload, interactionType);
      for (let second = 0; second < 10; second++) await platform.advance(1_000);
      expect(app.acquireTokenSilent).toHaveBeenCalledOnce();
      expect(session.token).toBe((await app.acquireTokenSilent.mock.results[0]?.value)?.accessToken);
    },
  );

  it.each([
    ["msal:acquireTokenSuccess", "popup"],
    ["msal:loginSuccess", "silent"],
    ["msal:activeAccountChanged", null],
  ])("tells of %s (%s) also while MSAL is asked", async (eventType, interactionType) => {
    const { promise, resolve } = deferred<typeof result>();
    const app = msal(() => promise);
    const source = msalSource(app, { scopes });
    const answer = ask(source, "missing");
    await vi.waitFor(() => expect(app.acquireTokenSilent).toHaveBeenCalledOnce());
    expect(await newsOf(source, () => app.tell(eventType, { fromCache: false }, interactionType))).toBe(1);
    resolve(result);
    await answer;
  });

  it.each([
    ["an answer", () => Promise.resolve(result)],
    ["a failure", () => Promise.reject(failure({ name: "ServerError" }))],
  ])("tells of the app's own refreshes again after %s", async (_, acquire) => {
    const app = msal(acquire);
    const source = msalSource(app, { scopes });
    await ask(source, "missing").catch(() => {});
    const refresh = () => app.tell("msal:acquireTokenSuccess", { fromCache: false }, "silent");
    expect(await newsOf(source, refresh)).toBe(1);
  });
});
