export type RefreshFault = "refresh-401" | "refresh-403" | "refresh-503" | "refresh-hang";

/** A change of the faults of one browser. Properties that are absent stay as they are. */
export interface FaultChange {
  /** null: the next refresh works */
  nextRefresh?: RefreshFault | null;
  /** Access tokens issued up to this instant are refused. ms since the epoch */
  refusedUntil?: number;
  /** Access tokens issued up to this instant are accepted at the handshake and disconnected afterwards. ms since the epoch */
  verifiedLateUntil?: number;
  /** Until this instant no access token can be verified. ms since the epoch */
  keysMissingUntil?: number;
  /** Until this instant the user's role is not enough for "/". ms since the epoch */
  roleRefusedUntil?: number;
  /** ms since the epoch */
  offlineUntil?: number;
}

/** The messages between nodes. */
export interface NodeEvents {
  /** The next tick of a user. */
  tick: [subject: string, n: number];
  /** Somebody has connected or disconnected, or an account has changed. */
  people: [];
  /** Tell every socket of a room the reason, then disconnect it. */
  revoke: [room: string, reason: string];
  /** Close the transport of every socket of a room, as a failing network would. */
  cut: [room: string];
  fault: [familyId: string, change: FaultChange];
}

/** The form in which Socket.IO's adapter sends these messages to other nodes. */
export interface InterServerEvents {
  node: (name: keyof NodeEvents, args: unknown[]) => void;
}
