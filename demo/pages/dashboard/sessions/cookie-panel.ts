import { AuthSocket } from "authsocket";
import { element, setText } from "../elements/element.ts";
import { createLesson } from "../elements/panel.ts";
import type { Line } from "../log/lines.ts";
import { endServerSession } from "../server/demo-api.ts";
import type { CookieSocket, DemoSocket } from "../server/demo-socket.ts";
import { createTitledStatus } from "../state/status-badge.ts";
import { socketWords } from "../state/status-words.ts";

export interface CookiePanel {
  readonly node: HTMLElement;
  draw(now: number): void;
}

/** A second connection, whose credential is a session cookie. No token is stored or sent. */
export function createCookiePanel(session: DemoSocket["session"], write: (line: Line) => void): CookiePanel {
  let cookie: CookieSocket | undefined;
  const badge = createTitledStatus("Socket", "cookie-status");
  const values = {
    username: element("dd", { "data-testid": "cookie-user" }, "–"),
    startedAt: element("dd", { "data-testid": "cookie-since" }, "–"),
    visits: element("dd", { "data-testid": "cookie-visits" }, "–"),
  };
  const forget = () => {
    for (const value of Object.values(values)) setText(value, "–");
  };
  const open = (): CookieSocket => {
    const opened: CookieSocket = new AuthSocket("/session", {
      refresh: "/api/session",
      credential: "cookie",
    });
    opened.socket.on("session", ({ username, startedAt, visits }) => {
      setText(values.username, username);
      setText(values.startedAt, clockFormat.format(new Date(startedAt)));
      setText(values.visits, String(visits));
      write({ tone: "good", text: `Connected by cookie: visit ${visits} of this server session.` });
    });
    opened.socket.on("disconnect", () =>
      write({ tone: "busy", text: "The connection by cookie has ended." }),
    );
    return opened;
  };
  const close = () => {
    cookie?.dispose();
    cookie = undefined;
    forget();
  };

  const toggle = element("button", { type: "button", class: "button" });
  toggle.addEventListener("click", () => {
    if (cookie) close();
    else cookie = open();
    draw(Date.now());
  });
  const end = element("button", { type: "button", class: "button" }, "End the server session");
  const answer = element("output", { class: "quiet" });
  end.addEventListener("click", async () => {
    const ended = await endServerSession();
    setText(
      answer,
      ended
        ? "The server session has ended. A new one is being started."
        : "The server could not be reached.",
    );
    if (ended) write({ tone: "bad", text: "You ended the server session." });
  });
  // The next user has another session, and may not want this connection.
  session.subscribe((state) => {
    if (state.status === "signedOut") close();
  });

  const draw = (now: number) => {
    const state = cookie?.state ?? { status: "idle" as const };
    badge.show(state.status, socketWords(state, now));
    setText(toggle, cookie ? "Disconnect" : "Connect by cookie");
    toggle.classList.toggle("primary", cookie === undefined);
    end.disabled = state.status !== "connected";
  };
  return {
    node: createLesson(
      "cookie",
      "Session cookies",
      "A session by cookie",
      badge.node,
      element(
        "dl",
        { class: "facts ruled" },
        element("div", {}, element("dt", {}, "Session of"), values.username),
        element("div", {}, element("dt", {}, "Started at"), values.startedAt),
        element("div", {}, element("dt", {}, "Visits"), values.visits),
      ),
      element(
        "p",
        { class: "quiet" },
        "The browser sends an HttpOnly cookie when a connection is opened. When the server session ends, AuthSocket asks " +
          "its endpoint for a new one and reconnects, because an open connection keeps its old cookies.",
      ),
      element("div", { class: "actions" }, toggle, end),
      answer,
    ),
    draw,
  };
}

const clockFormat = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
