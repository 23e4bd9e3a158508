// chat.test.ts
import { getByLabelText, getByRole, queryByLabelText, queryByRole, queryByText } from "@testing-library/dom";
import { userEvent } from "@testing-library/user-event";
import type { AuthSocket } from "authsocket";
import { createTestServer, type TestServer } from "authsocket/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { mountChat } from "./chat.ts";

const MINUTE = 60_000;

let server: TestServer;
let auth: AuthSocket;
let page: HTMLElement;
let user: ReturnType<typeof userEvent.setup>;
let unmount: () => void;

beforeEach(async () => {
  server = createTestServer();
  server.on("message", (_text: string, delivered: () => void) => delivered());
  auth = server.socket();
  page = document.createElement("main");
  document.body.append(page);
  user = userEvent.setup({ document });
  unmount = mountChat(page, auth, async (name) => server.issue({ subject: name, lifetime: 15 * MINUTE }));
  await server.settled();
});

afterEach(async () => {
  unmount();
  page.remove();
  await server.close();
});

const status = () => getByRole(page, "status").textContent;

async function signIn(name: string): Promise<void> {
  await user.type(getByLabelText(page, "Name"), name);
  await user.click(getByRole(page, "button", { name: "Sign in" }));
  await server.settled();
}

async function send(text: string): Promise<void> {
  await user.type(getByLabelText(page, "Message"), `${text}{Enter}`);
  await server.settled();
}

it("shows the sign-in form, and connects after the sign-in", async () => {
  expect(status()).toBe("Please sign in");
  await signIn("alice");
  expect(status()).toBe("Connected");
  expect(server.sockets.map(({ subject }) => subject)).toEqual(["alice"]);
});

it("sends messages, and shows the messages that arrive", async () => {
  await signIn("alice");
  await send("hello");
  server.toUser("alice").emit("news", "welcome, alice");
  await server.settled();
  expect(await server.next("message")).toEqual(["hello"]);
  expect(queryByText(page, "hello")).not.toBeNull();
  expect(queryByText(page, "welcome, alice")).not.toBeNull();
});

it("keeps unsent messages when the token expires", async () => {
  await signIn("alice");
  server.refresh.hang();
  await server.clock.advance(16 * MINUTE); // the token has expired, and there is no new one
  await send("are you there?");
  expect(queryByText(page, "are you there? (sending)")).not.toBeNull();
  server.refresh.work();
  await server.clock.advance(MINUTE);
  expect(queryByText(page, "are you there?")).not.toBeNull();
  expect(server.received("message")).toEqual([["are you there?"]]);
});

it("keeps the text in the input when the user is revoked", async () => {
  await signIn("alice");
  await user.type(getByLabelText(page, "Message"), "I only wanted to say");
  server.revoke("signed out on another device");
  await server.settled();
  expect(status()).toBe("You were disconnected (revoked)");
  await user.click(getByRole(page, "button", { name: "Try again" }));
  await server.settled();
  expect(status()).toBe("Connected");
  expect((getByLabelText(page, "Message") as HTMLInputElement).value).toBe("I only wanted to say");
});

it("reconnects after a minute offline", async () => {
  await signIn("alice");
  server.offline();
  await server.clock.advance(MINUTE);
  expect(status()).toContain("Connecting…");
  await send("from the tunnel");
  server.online();
  await server.clock.advance(MINUTE);
  expect(status()).toBe("Connected");
  expect(server.received("message")).toEqual([["from the tunnel"]]);
});

it("signs out and in with the other tab", async () => {
  await signIn("alice");
  await server.otherTab.signOut();
  expect(status()).toBe("Please sign in");
  await server.otherTab.signIn({ subject: "alice" });
  expect(status()).toBe("Connected");
});

it("neither sends nor shows one user's messages as another user", async () => {
  await signIn("alice");
  await send("hello");
  server.offline();
  await send("alice's secret");
  await user.type(getByLabelText(page, "Message"), "alice's draft");
  server.online();
  await server.otherTab.signIn({ subject: "bob" });
  await server.clock.advance(MINUTE);
  expect(server.sockets.map(({ subject }) => subject)).toEqual(["bob"]);
  expect(server.received("message")).toEqual([["hello"]]);
  expect(queryByRole(page, "listitem")).toBeNull();
  expect((getByLabelText(page, "Message") as HTMLInputElement).value).toBe("");
  await send("hello from bob");
  await auth.session.signOut();
  await server.settled();
  await signIn("alice");
  expect(queryByRole(page, "listitem")).toBeNull();
});

it("shows the sign-in form when the session has expired", async () => {
  await signIn("alice");
  server.refresh.fail(401);
  await server.clock.advance(20 * MINUTE);
  expect(status()).toBe("Please sign in (session_expired)");
  server.refresh.work();
  await signIn("alice");
  expect(status()).toBe("Connected");
});

it("shows an error if the user is not allowed to connect", async () => {
  server.refuse("insufficient_scope");
  await signIn("mallory");
  expect(status()).toBe("You were disconnected (forbidden)");
  expect(queryByLabelText(page, "Name")).toBeNull();
  expect(server.refusals).toMatchObject([{ subject: "mallory", code: "insufficient_scope" }]);
});

it("stays connected all day", async () => {
  await signIn("alice");
  const { id } = auth.socket;
  await server.clock.advance(8 * 60 * MINUTE);
  expect(status()).toBe("Connected");
  expect(auth.socket.id).toBe(id);
  expect(server.refresh.calls.length).toBeGreaterThan(8 * 4);
});
