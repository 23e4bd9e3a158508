import type { AuthSocketState, SessionState } from "authsocket";
import { createAnnouncer } from "./announcer.ts";
import { createChat } from "./chat.ts";
import { createCheckingNotice } from "./checking-notice.ts";
import { logout } from "./demo-api.ts";
import type { DemoSocket } from "./demo-socket.ts";
import { createFaultButtons } from "./fault-buttons.ts";
import { everyFrame } from "./frames.ts";
import { createLog } from "./log.ts";
import { createRefusalBanner } from "./refusal-banner.ts";
import { createSignInForm } from "./sign-in-form.ts";
import { nextStage, type Stage } from "./stage.ts";
import { createStatusPanel } from "./status-panel.ts";
import { errorWords } from "./status-words.ts";
import {
  disconnectLine,
  type Line,
  nameOf,
  refusalLine,
  sessionChange,
  sessionLine,
  socketLine,
} from "./story.ts";
import { countTick, noTicks, startTicks } from "./tick-counter.ts";
import { createTickTiles } from "./tick-tiles.ts";
import { createTimeline, timelineWindow } from "./timeline.ts";
import { emptyTimeline, enter, forgetBefore, type Mark } from "./timeline-model.ts";
import { createTokenCountdown } from "./token-countdown.ts";

export type { DemoSocket } from "./demo-socket.ts";

/**
 * Shows the dashboard in `root`, for the AuthSocket of either page. It only listens and uses the public API: whatever
 * keeps the connection alive happens in AuthSocket.
 */
export function mount(root: Element, auth: DemoSocket): void {
  const { session, socket } = auth;
  let sessionState = session.state;
  let socketState = auth.state;
  let stage: Stage = nextStage("checking", sessionState);
  let timeline = emptyTimeline;
  let ticks = noTicks;
  let renewals = 0;
  let lastUser: string | undefined;
  let lostAt: number | undefined;

  const announcer = createAnnouncer();
  const log = createLog();
  const banner = createRefusalBanner(() => auth.connect());
  const checking = createCheckingNotice();
  const status = createStatusPanel(signOut);
  const countdown = createTokenCountdown();
  const tickTiles = createTickTiles();
  const picture = createTimeline();
  const chat = createChat(socket, () => nameOf(sessionState) ?? "you");
  const faults = createFaultButtons((label) => {
    mark("fault");
    write({ tone: "bad", text: `You pressed “${label}”.` });
  });
  const signIn = createSignInForm(session, () => chat.focus());

  root.replaceChildren(
    announcer.node,
    banner.node,
    signIn.node,
    checking.node,
    status.node,
    countdown.node,
    tickTiles.node,
    picture.node,
    chat.node,
    faults,
    log.node,
  );

  function write(line: Line | undefined): void {
    if (line) log.write(line, Date.now());
  }

  function mark(kind: Mark["kind"]): void {
    timeline = { ...timeline, marks: [...timeline.marks, { kind, at: Date.now() }] };
  }

  function showStage(next: Stage): void {
    const hadFocus = root.contains(document.activeElement);
    const changed = next !== stage;
    stage = next;
    root.setAttribute("data-stage", stage);
    signIn.node.hidden = stage !== "signedOut";
    checking.node.hidden = stage !== "checking";
    for (const node of [countdown.node, tickTiles.node, chat.node, faults])
      node.hidden = stage !== "signedIn";
    if (stage === "signedOut") {
      const error = sessionState.status === "signedOut" ? sessionState.error : undefined;
      signIn.explain(error ? errorWords(error) : "");
      // Whoever was typing or pressing a button here would otherwise be left with no focus at all.
      if (changed && hadFocus) signIn.focus();
    }
  }

  async function signOut(): Promise<void> {
    const ended = await logout();
    await session.signOut();
    if (!ended)
      write({ tone: "bad", text: "The server was not reached: it still holds the refresh session." });
  }

  function startCounting(): void {
    ticks = noTicks;
    renewals = 0;
    tickTiles.show(ticks);
    countdown.showRenewals(renewals);
  }

  function followSession(previous: SessionState | undefined, next: SessionState): void {
    const now = Date.now();
    sessionState = next;
    const user = nameOf(next);
    if (user !== undefined) {
      if (lastUser !== undefined && user !== lastUser) chat.clear();
      lastUser = user;
    }
    timeline = { ...timeline, session: enter(timeline.session, next.status, now) };
    countdown.follow(next, now);
    const change = sessionChange(previous, next);
    if (change) {
      const line = sessionLine(change, next, now);
      write(line);
      if (change.kind === "started") startCounting();
      if (change.kind === "renewed") {
        mark("renewal");
        renewals++;
        countdown.showRenewals(renewals);
      }
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
    socketState = next;
    timeline = { ...timeline, socket: enter(timeline.socket, next.status, now) };
    banner.show(next);
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
  socket.on("disconnect", (reason) => {
    lostAt = reason === "io client disconnect" ? undefined : Date.now();
    write(disconnectLine(reason));
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
  }

  followSession(undefined, sessionState);
  followSocket(socketState, socketState);
  everyFrame(draw);
}
