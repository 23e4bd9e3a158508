import type { AuthSocketState, SessionState } from "authsocket";
import { createChat } from "./chat/chat.ts";
import { element } from "./elements/element.ts";
import { everyFrame } from "./elements/frames.ts";
import { createViews } from "./elements/views.ts";
import { createFaultButtons } from "./faults/fault-buttons.ts";
import { createExpiredToken } from "./handshake/expired-token.ts";
import { createHandshakePanel } from "./handshake/handshake-panel.ts";
import { createProfilePanel } from "./handshake/profile-panel.ts";
import { disconnectLine, type Line, refusalLine, renewalLine, sessionLine, socketLine } from "./log/lines.ts";
import { createLog } from "./log/log.ts";
import { createAdminDoor } from "./namespaces/admin-door.ts";
import { connectAsGuest } from "./namespaces/guests.ts";
import { createGuestsPanel } from "./namespaces/guests-panel.ts";
import { createNamespacesPanel } from "./namespaces/namespaces-panel.ts";
import { createConsole } from "./people/console.ts";
import { createNoteBanner } from "./people/note-banner.ts";
import { logout, logoutEverywhere } from "./server/demo-api.ts";
import type { DemoSocket } from "./server/demo-socket.ts";
import { createCookiePanel } from "./sessions/cookie-panel.ts";
import { createSignInForm } from "./sign-in/sign-in-form.ts";
import { createAnnouncer } from "./state/announcer.ts";
import { createCheckingNotice } from "./state/checking-notice.ts";
import { createRefusalBanner } from "./state/refusal-banner.ts";
import { sessionChange } from "./state/session-change.ts";
import { nextStage, type Stage } from "./state/stage.ts";
import { createStatusPanel } from "./state/status-panel.ts";
import { errorWords, withReason } from "./state/status-words.ts";
import { nameOf, roleOf } from "./state/user.ts";
import { countTick, noTicks, startTicks } from "./ticks/tick-counter.ts";
import { createTickTiles } from "./ticks/tick-tiles.ts";
import { createTimeline, timelineWindow } from "./timeline/timeline.ts";
import { emptyTimeline, enter, forgetBefore, type Mark } from "./timeline/timeline-model.ts";
import type { PageSettings } from "./token/page-settings.ts";
import { createRefreshPanel } from "./token/refresh-panel.ts";
import type { Renewal } from "./token/refresh-watch.ts";
import { createStorePanel } from "./token/store-panel.ts";
import { createTokenCountdown } from "./token/token-countdown.ts";

export type { DemoSocket } from "./server/demo-socket.ts";
export { pageSettings } from "./token/page-settings.ts";

/**
 * Shows the dashboard in `root`, for the AuthSocket of either page. It only listens and uses the public API: whatever
 * keeps the connection alive happens in AuthSocket.
 */
export function mount(root: Element, auth: DemoSocket, settings: PageSettings): void {
  const { session, socket } = auth;
  let sessionState = session.state;
  let socketState = auth.state;
  let stage: Stage = nextStage("checking", sessionState);
  let timeline = emptyTimeline;
  let ticks = noTicks;
  let renewals: Record<Renewal, number> = { refresh: 0, adoption: 0 };
  let lastUser: string | undefined;
  let lostAt: number | undefined;
  /** The user is on the way out: what the server does about it is no news. */
  let leaving = false;
  /** The server's words when it last ended the connection on purpose, until there is another. */
  let reason: string | undefined;

  const guest = connectAsGuest(auth);
  const expired = createExpiredToken();
  const announcer = createAnnouncer();
  const log = createLog();
  const note = createNoteBanner();
  const banner = createRefusalBanner(() => auth.connect());
  const checking = createCheckingNotice();
  const status = createStatusPanel(() => signOut(logout));
  const countdown = createTokenCountdown();
  const tickTiles = createTickTiles();
  const picture = createTimeline();
  const chat = createChat(socket, () => nameOf(sessionState) ?? "you");
  const faults = createFaultButtons((label) => {
    mark("fault");
    write({ tone: "bad", text: `You pressed “${label}”.` });
  });
  const signIn = createSignInForm(session, () => {
    // The form has gone, and the focus would be nowhere. A place at the top keeps the token and the timeline in sight.
    views.focus();
  });
  const handshake = createHandshakePanel(session, expired);
  const cookie = createCookiePanel(session, write);
  const refresh = createRefreshPanel(session, () => signOut(logoutEverywhere));
  const adminConsole = createConsole(write);
  const namespaces = createNamespacesPanel(auth, guest, () => door.enter());
  const door = createAdminDoor(auth, (admin) => {
    namespaces.follow(admin);
    adminConsole.attach(admin);
    admin.socket.on("auth:revoked", (revocation) => tell({ from: "The server", text: revocation.reason }));
  });
  const views = createViews([
    { id: "live", label: "Live", panels: [countdown.node, tickTiles.node, picture.node, chat.node, faults] },
    {
      id: "handshakes",
      label: "Handshake",
      panels: [handshake.node, createProfilePanel(auth), createStorePanel(settings)],
    },
    {
      id: "connections",
      label: "Connections",
      panels: [namespaces.node, cookie.node, refresh.node],
    },
    { id: "people", label: "Console", panels: [adminConsole.node] },
  ]);

  root.replaceChildren(
    announcer.node,
    note.node,
    banner.node,
    signIn.node,
    checking.node,
    status.node,
    views.nav,
    ...views.nodes,
    element("div", { class: "rail" }, createGuestsPanel(guest), log.node),
  );

  function write(line: Line | undefined): void {
    if (line) log.write(line, Date.now());
  }

  function tell(news: { from: string; text: string }): void {
    note.show(news);
    write({ tone: "renewing", text: `${news.from}: ${news.text}` });
  }

  function mark(kind: Mark["kind"]): void {
    timeline = { ...timeline, marks: [...timeline.marks, { kind, at: Date.now() }] };
  }

  /** Who is signed out has the form, which says why. */
  function showBanner(): void {
    banner.show(stage === "signedOut" ? undefined : socketState, reason);
  }

  function showStage(next: Stage): void {
    const hadFocus = root.contains(document.activeElement);
    const changed = next !== stage;
    stage = next;
    root.setAttribute("data-stage", stage);
    signIn.node.hidden = stage !== "signedOut";
    checking.node.hidden = stage !== "checking";
    showBanner();
    if (stage === "signedOut") {
      const error = sessionState.status === "signedOut" ? sessionState.error : undefined;
      signIn.explain(error ? withReason(errorWords(error), reason) : "");
      // Whoever was typing or pressing a button here would otherwise be left with no focus at all.
      if (changed && hadFocus) signIn.focus();
    }
  }

  async function signOut(tellServer: () => Promise<boolean>): Promise<void> {
    leaving = true;
    const ended = await tellServer();
    await session.signOut();
    leaving = false;
    if (!ended)
      write({ tone: "bad", text: "The server was not reached: it still holds the refresh session." });
  }

  function startAnew(): void {
    ticks = noTicks;
    renewals = { refresh: 0, adoption: 0 };
    reason = undefined;
    tickTiles.show(ticks);
    showRenewals();
    expired.forget();
    note.clear();
  }

  function showRenewals(): void {
    countdown.showRenewals(renewals.refresh + renewals.adoption);
    refresh.show(renewals);
  }

  async function followToken(renewed: boolean): Promise<void> {
    const state = session.state;
    const token = await session.getToken();
    if (state.status === "signedIn" && state.expiresAt !== undefined) expired.keep(token, state.expiresAt);
    if (!renewed) return;
    const by = settings.refreshes.brought(token) ? "refresh" : "adoption";
    mark(by);
    renewals = { ...renewals, [by]: renewals[by] + 1 };
    showRenewals();
    write(renewalLine(by, state, Date.now()));
  }

  function followSession(previous: SessionState | undefined, next: SessionState): void {
    const now = Date.now();
    sessionState = next;
    const user = nameOf(next);
    if (user !== undefined) {
      if (lastUser !== undefined && user !== lastUser) {
        chat.clear();
        adminConsole.clear();
      }
      lastUser = user;
    }
    views.offer("people", roleOf(next) === "admin");
    timeline = { ...timeline, session: enter(timeline.session, next.status, now) };
    countdown.follow(next, now);
    const change = sessionChange(previous, next);
    if (change?.kind === "started") {
      startAnew();
      // Whoever was refused before signing in does not want to be asked again.
      if (socketState.status === "refused") auth.connect();
    }
    if (change?.kind === "started" || change?.kind === "renewed") {
      // A session that has ended meanwhile has no token to be told of.
      followToken(change.kind === "renewed").catch(() => {});
    }
    if (change && change.kind !== "renewed") {
      const line = sessionLine(change, next, now);
      write(line);
      if (change.kind === "started" || change.kind === "ended") announcer.say(line.text);
    }
    showStage(nextStage(stage, next));
    draw(now);
  }

  function followSocket(previous: AuthSocketState, next: AuthSocketState): void {
    const now = Date.now();
    write(socketLine(previous, next, now, lostAt));
    // Whoever signs in next starts with a first connection, not with one that has come back.
    if (next.status === "signedOut") lostAt = undefined;
    if (next.status === "connected") reason = undefined;
    socketState = next;
    timeline = { ...timeline, socket: enter(timeline.socket, next.status, now) };
    showBanner();
    announcer.connection(next.status !== "connecting");
    draw(now);
  }

  session.subscribe((next) => followSession(sessionState, next));
  auth.subscribe((next) => followSocket(socketState, next));

  socket.on("connect", async () => {
    try {
      const { from } = await socket.emitWithAck("ticks", ticks.last);
      ticks = startTicks(ticks, from);
    } catch {
      // The connection ended before the answer: the next one asks again.
    }
  });
  socket.on("tick", (n) => {
    ticks = countTick(ticks, n);
    tickTiles.show(ticks);
  });
  socket.on("note", tell);
  socket.on("auth:revoked", (revocation) => {
    reason = revocation.reason;
    write({ tone: "bad", text: `The server ends this connection: ${reason}` });
    // It may have ended the session too. Only the refresh endpoint knows, and where it has, the sign-in form is due now.
    if (!leaving) session.getToken({ forceRefresh: true }).catch(() => {});
  });
  socket.on("disconnect", (cause) => {
    lostAt = cause === "io client disconnect" ? undefined : Date.now();
    write(disconnectLine(cause));
  });
  socket.on("connect_error", (error) => {
    if ("data" in error) write(refusalLine(error.data));
  });

  /** What changes with time alone: the countdown, the picture and every "in 3 s". */
  function draw(now: number): void {
    timeline = forgetBefore(timeline, now - timelineWindow);
    status.show(sessionState, socketState, now);
    checking.show(sessionState, now);
    countdown.draw(now);
    picture.draw(timeline, now);
    handshake.draw(now);
    namespaces.draw(now);
    cookie.draw(now);
    adminConsole.draw(now);
  }

  followSession(undefined, sessionState);
  followSocket(socketState, socketState);
  everyFrame(draw);
}
