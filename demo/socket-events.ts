/** What the demo's pages and its server say to each other over Socket.IO, a pair of interfaces for each namespace. */

export interface ChatLine {
  id: string;
  from: string;
  text: string;
  /** ms since the epoch */
  at: number;
}

export type Answer = { ok: true } | { ok: false; error: string };

export interface TicksAnswer {
  /** The first tick that the socket will have been sent. */
  from: number;
}

/** Who a socket is to the server: from the verified token, never from what the client says. */
export interface Profile {
  id: string;
  username: string;
  email: string;
  role: Role;
}

export type Role = "user" | "admin";

/** "/": for signed-in users. */
export interface ServerToClientEvents {
  tick: (n: number) => void;
  chat: (line: ChatLine) => void;
  /** To all devices of one user, from an administrator. */
  note: (note: Omit<ChatLine, "id">) => void;
}

export interface ClientToServerEvents {
  /** Asks for the ticks after one that has arrived; null: from now on. */
  ticks: (after: number | null, reply: (answer: TicksAnswer) => void) => void;
  /** Says one line. The sender makes the id, so that sending it again is harmless. */
  chat: (line: { id: string; text: string }, reply: (answer: Answer) => void) => void;
  whoami: (reply: (profile: Profile) => void) => void;
}

/** "/public": for guests, without any token. */
export interface PublicServerEvents {
  /** How many people are connected, on all nodes; sent at each change. */
  visitors: (counts: { guests: number; users: number }) => void;
}

export interface PublicClientEvents {
  /** The one thing that a guest may ask. */
  time: (reply: (now: number) => void) => void;
}

/** "/session": for browsers with a server session, known by their cookie. */
export interface SessionServerEvents {
  /** The session that the engine was opened with; sent at each connection. */
  session: (session: { username: string; startedAt: number; visits: number }) => void;
}

export interface SessionClientEvents {
  whoami: (reply: (profile: Profile) => void) => void;
}

/** One connection of a user. */
export interface DeviceView {
  id: string;
  /** in words: "Chrome on Linux" */
  browser: string;
  /** ms since the epoch */
  since: number;
}

export interface UserView extends Profile {
  suspended: boolean;
  /** on all nodes; none: fully disconnected */
  devices: DeviceView[];
}

/** "/admin": for the role `admin`. */
export interface AdminServerEvents {
  /** Everybody with an account; sent at each change. */
  users: (users: UserView[]) => void;
  /** A user's last device has left. */
  left: (user: { id: string; username: string; at: number }) => void;
}

/** Each is answered after the role was looked up again: who is no administrator any more is refused and disconnected. */
export interface AdminClientEvents {
  message: (order: { userId: string; text: string }, reply: (answer: Answer) => void) => void;
  disconnectUser: (order: { userId: string; reason: string }, reply: (answer: Answer) => void) => void;
  /** Keeps the user out, sign-in and refresh included, until it is lifted. */
  suspend: (order: { userId: string; suspended: boolean }, reply: (answer: Answer) => void) => void;
  setRole: (order: { userId: string; role: Role }, reply: (answer: Answer) => void) => void;
}
