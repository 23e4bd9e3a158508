import { AuthSocket, type TokenSource } from "authsocket";

/** What a test can do with the SDK of a page. */
export interface Sdk {
  signIn(user: string): Promise<void>;
  signOut(): Promise<void>;
  /** The refresh token that it holds, where a thief finds it. */
  refreshToken(): string;
}

declare global {
  interface Window {
    sdk: Sdk;
    /** What has been sent every 50 ms while connected, and how many of it were answered and rejected. */
    echoes: { answered: number; rejected: number };
    /** The session's statuses and their errors' codes, once for each change. */
    sessions: string[];
  }
}

/** A page that holds an AuthSocket on a source, and nothing else. */
export function open(source: TokenSource, sdk: Sdk): void {
  window.auth = new AuthSocket("/", { source, retry: { base: 100 } });
  window.sdk = sdk;
  window.echoes = { answered: 0, rejected: 0 };
  window.sessions = [];
  window.auth.session.subscribe(({ status, error }) => {
    const session = [status, error?.code].filter(Boolean).join(":");
    if (window.sessions.at(-1) !== session) window.sessions.push(session);
  });
  setInterval(() => {
    if (window.auth.state.status !== "connected") return;
    window.auth.socket.emitWithAck("echo").then(
      () => window.echoes.answered++,
      () => window.echoes.rejected++,
    );
  }, 50);
}
