// react-chat.test.tsx
import { act, cleanup, render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import type { AuthSocket } from "authsocket";
import { createTestServer, type TestServer } from "authsocket/testing";
import { StrictMode } from "react";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Chat } from "./react-chat.tsx";

const MINUTE = 60_000;

let server: TestServer;
let auth: AuthSocket;

const settled = () => act(() => server.settled());
const pass = (ms: number) => act(() => server.clock.advance(ms));
const status = () => screen.getByRole("status").textContent;

beforeEach(async () => {
  server = createTestServer();
  server.on("message", (_text: string, delivered: () => void) => delivered());
  auth = server.socket({ autoConnect: false }); // useConnection() connects
  const login = async (name: string) => server.issue({ subject: name, lifetime: 15 * MINUTE });
  render(
    <StrictMode>
      <Chat auth={auth} login={login} />
    </StrictMode>,
  );
  await settled();
});

afterEach(async () => {
  cleanup();
  await server.close();
});

async function signIn(name: string): Promise<void> {
  await userEvent.type(screen.getByLabelText("Name"), `${name}{Enter}`);
  await settled();
}

it("shows the sign-in form, and connects after the sign-in", async () => {
  await signIn("alice");
  expect(status()).toBe("alice: connected");
});

it("sends messages, and shows the messages that arrive", async () => {
  await signIn("alice");
  await userEvent.type(screen.getByLabelText("Message"), "hello{Enter}");
  server.emit("news", "welcome");
  await settled();
  const shown = screen.getByRole("log").textContent?.split("\n");
  expect(shown).toEqual(expect.arrayContaining(["hello", "welcome"]));
  expect(server.received("message")).toEqual([["hello"]]);
});

it("keeps the text in the input when the user is revoked", async () => {
  await signIn("alice");
  await userEvent.type(screen.getByLabelText("Message"), "I only wanted to say");
  server.revoke("signed out on another device");
  await settled();
  expect(status()).toBe("alice: refused (revoked)");
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  await settled();
  expect(status()).toBe("alice: connected");
  expect(screen.getByLabelText("Message")).toHaveProperty("value", "I only wanted to say");
});

it("shows nothing of one user to the next user", async () => {
  await signIn("alice");
  await userEvent.type(screen.getByLabelText("Message"), "hello{Enter}");
  await settled();
  expect(screen.getByRole("log").textContent).toBe("hello");
  await userEvent.type(screen.getByLabelText("Message"), "alice's draft");
  await act(() => server.otherTab.signIn({ subject: "bob" }));
  await settled();
  expect(status()).toBe("bob: connected");
  expect(screen.getByRole("log").textContent).toBe("");
  expect(screen.getByLabelText("Message")).toHaveProperty("value", "");
});

it("stays connected for an hour, and signs out with the other tab", async () => {
  await signIn("alice");
  const { id } = auth.socket;
  await pass(60 * MINUTE);
  expect(auth.socket.id).toBe(id);
  await act(() => server.otherTab.signOut());
  expect(screen.queryByLabelText("Name")).not.toBeNull();
});

it("disconnects when the component is unmounted", async () => {
  await signIn("alice");
  cleanup();
  await settled();
  expect(server.sockets).toEqual([]);
  expect(auth.state.status).toBe("idle");
});
