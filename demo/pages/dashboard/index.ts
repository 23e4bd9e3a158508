import { createChat } from "./chat/chat.ts";
import { element } from "./elements/element.ts";
import { everyFrame } from "./elements/frames.ts";
import { createViews } from "./elements/views.ts";
import { createFaultButtons } from "./faults/fault-buttons.ts";
import { createExpiredToken } from "./handshake/expired-token.ts";
import { createHandshakePanel } from "./handshake/handshake-panel.ts";
import { createProfilePanel } from "./handshake/profile-panel.ts";
import { createAnnouncer } from "./log/announcer.ts";
import { keepJournal } from "./log/journal.ts";
import { type Line, renewalLine } from "./log/lines.ts";
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
import { createProviderSignIn } from "./sign-in/provider-sign-in.ts";
import { createSignInForm } from "./sign-in/sign-in-form.ts";
import { createSignOut } from "./sign-in/sign-out.ts";
import { createCheckingNotice } from "./state/checking-notice.ts";
import { createRefusalBanner } from "./state/refusal-banner.ts";
import { watchRevocation } from "./state/revocation.ts";
import { watchStage } from "./state/stage.ts";
import { createStatusPanel } from "./state/status-panel.ts";
import { roleOf } from "./state/user.ts";
import { createTicksPanel } from "./ticks/ticks-panel.ts";
import { createTimeline } from "./timeline/timeline.ts";
import type { PageSettings } from "./token/page-settings.ts";
import { createProviderPanel } from "./token/provider-panel.ts";
import { createRefreshPanel } from "./token/refresh-panel.ts";
import { refreshedByProvider } from "./token/refresh-watch.ts";
import { createStorePanel } from "./token/store-panel.ts";
import { createTokenCountdown } from "./token/token-countdown.ts";
import { watchTokens } from "./token/token-news.ts";

export type { DemoSocket } from "./server/demo-socket.ts";
export { pageSettings } from "./token/page-settings.ts";

/**
 * Shows the dashboard in `root`, for the AuthSocket of any of the pages. The dashboard only listens to it and uses its public
 * API: everything that keeps the connection alive happens in AuthSocket.
 */
export function mount(root: Element, auth: DemoSocket, settings: PageSettings): void {
  const { session } = auth;
  const provider = "provider" in settings ? settings.provider : undefined;

  // Another choice of store ends the page's AuthSocket.
  const ended = new AbortController();
  const end = () => {
    ended.abort();
    auth.dispose();
  };

  // What happened, in words: to read, and for screen readers to announce. The log comes first: it forgets one user's lines
  // before the journal writes the next one's.
  const log = createLog(session);
  const write = (line: Line) => log.write(line, Date.now());
  const announcer = createAnnouncer(auth);
  keepJournal(auth, write);

  // Signing in and out. The focus moves to the views, which leaves the token and the timeline in sight.
  const revocation = watchRevocation(auth);
  const signIn = provider
    ? createProviderSignIn(session, revocation, provider)
    : createSignInForm(session, revocation, { onSignedIn: () => views.focus() });
  const note = createNoteBanner(auth, write);
  const signOut = createSignOut(auth, note.show, provider);
  const checking = createCheckingNotice(session);

  // Above every view: the state, and what the user must know now.
  const status = createStatusPanel(auth, () => signOut(logout));
  const refusal = createRefusalBanner(auth, revocation);

  // The view "Live": one connection that outlives its tokens, and buttons to break it.
  const countdown = createTokenCountdown(session, provider);
  const ticks = createTicksPanel(auth);
  const timeline = createTimeline(auth, provider);
  const chat = createChat(auth, ended.signal);
  const faults = createFaultButtons((label) => {
    timeline.mark("fault");
    write({ tone: "bad", text: `You pressed “${label}”.` });
  });

  // The view "Handshake": what the server asks at the door, and what it knows afterwards.
  const expired = createExpiredToken();
  const handshake = createHandshakePanel(session, expired);
  const profile = createProfilePanel(auth);
  const store =
    "provider" in settings ? createProviderPanel(settings.provider) : createStorePanel(settings, end);

  // The view "Connections": namespaces, a session by cookie, one refresh for all tabs.
  const guest = connectAsGuest(auth);
  const guests = createGuestsPanel(guest);
  const admin = createAdminDoor(auth);
  const namespaces = createNamespacesPanel(auth, guest, admin);
  const cookie = createCookiePanel(session, write);
  const refresh = createRefreshPanel(session, () => signOut(logoutEverywhere), provider);

  // The view "Console", for administrators.
  const people = createConsole(session, admin, write);
  admin.onOpen(({ socket }) => socket.on("auth:revoked", ({ reason }) => note.show("The server", reason)));

  const views = createViews([
    {
      id: "live",
      label: "Live",
      panels: [countdown.node, ticks, timeline.node, faults, chat],
    },
    { id: "handshakes", label: "Handshake", panels: [handshake.node, profile, store] },
    { id: "connections", label: "Connections", panels: [namespaces.node, cookie.node, refresh.node] },
    { id: "people", label: "Console", panels: [people.node] },
  ]);

  // A new token concerns several parts.
  const refreshes = "provider" in settings ? refreshedByProvider : settings.refreshes;
  watchTokens(session, refreshes, ({ token, state, by, renewals }) => {
    countdown.showRenewals(renewals.refresh + renewals.adoption + renewals.provider);
    refresh.show(renewals);
    // The first token after a sign-in: the last user's is not for this one.
    if (by === undefined) expired.forget();
    expired.keep(token, state.expiresAt);
    if (by === undefined) return;
    timeline.mark(by);
    write(renewalLine(by, state, Date.now()));
  });

  root.replaceChildren(
    announcer,
    note.node,
    refusal,
    signIn,
    checking.node,
    status.node,
    views.nav,
    ...views.nodes,
    element("div", { class: "rail" }, guests, log.node),
  );
  watchStage(session, (stage, state) => {
    root.setAttribute("data-stage", stage);
    views.offer("people", roleOf(state) === "admin");
  });

  // What changes with time alone: the countdown, the picture and every "in 3 s".
  const moving = [checking, status, countdown, timeline, handshake, namespaces, cookie, people];
  everyFrame((now) => {
    for (const part of moving) part.draw(now);
  });
}
