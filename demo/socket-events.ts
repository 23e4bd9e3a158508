/** The events between the demo's pages and its server: a pair of interfaces for each namespace. */

export interface ChatLine {
  id: string;
  from: string;
  text: string;
  /** ms since the epoch */
  at: number;
}

export type Answer = { ok: true } | { ok: false; error: string };

export interface TicksAnswer {
  /** The number of the first tick that the socket is sent. */
  from: number;
}

/** The user of a socket, as the verified token says. */
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
  /** A message from an administrator to all devices of one user. */
  note: (note: Omit<ChatLine, "id">) => void;
}

export interface ClientToServerEvents {
  /** Asks for the ticks after the latest that has arrived. null: for those from now on. */
  ticks: (after: number | null, reply: (answer: TicksAnswer) => void) => void;
  /** Sends one line. The sender chooses the id, so that sending it again does no harm. */
  chat: (line: { id: string; text: string }, reply: (answer: Answer) => void) => void;
  whoami: (reply: (profile: Profile) => void) => void;
}

/** "/public": for everybody, without a token. */
export interface PublicServerEvents {
  /** How many people are connected, on all nodes. Sent at each change. */
  visitors: (counts: { guests: number; users: number }) => void;
}

export interface PublicClientEvents {
  /** The time of the server, in ms since the epoch. */
  time: (reply: (now: number) => void) => void;
}

/** "/session": for browsers that have a server session, by its cookie. */
export interface SessionServerEvents {
  /** The session of this connection. Sent when it is made. */
  session: (session: { username: string; startedAt: number; visits: number }) => void;
}

export interface SessionClientEvents {
  whoami: (reply: (profile: Profile) => void) => void;
}

/** One connection of a user. */
export interface DeviceView {
  id: string;
  /** For a person to read: "Chrome on Linux" */
  browser: string;
  /** ms since the epoch */
  since: number;
}

export interface UserView extends Profile {
  suspended: boolean;
  /** On all nodes. Empty when the user is fully disconnected. */
  devices: DeviceView[];
}

/** "/admin": for the role `admin`. */
export interface AdminServerEvents {
  /** Everybody who has an account. Sent at each change. */
  users: (users: UserView[]) => void;
  /** A user's last device has disconnected. */
  left: (user: { id: string; username: string; at: number }) => void;
}

/** The role is looked up at each order. Somebody who is no longer an administrator is refused and disconnected. */
export interface AdminClientEvents {
  message: (order: { userId: string; text: string }, reply: (answer: Answer) => void) => void;
  disconnectUser: (order: { userId: string; reason: string }, reply: (answer: Answer) => void) => void;
  /** A suspended user cannot sign in, refresh or connect until the suspension is lifted. */
  suspend: (order: { userId: string; suspended: boolean }, reply: (answer: Answer) => void) => void;
  setRole: (order: { userId: string; role: Role }, reply: (answer: Answer) => void) => void;
}
