export type RefreshFault = "refresh-401" | "refresh-503" | "refresh-hang";

/** What becomes of a browser's faults; what is not named stays. */
export interface FaultChange {
  /** null: none */
  nextRefresh?: RefreshFault | null;
  /** Access tokens issued up to this instant are refused, in ms since the epoch. */
  refusedUntil?: number;
  /** ms since the epoch */
  offlineUntil?: number;
}

/** What nodes tell each other. */
export interface NodeEvents {
  /** A user's next tick. */
  tick: [subject: string, n: number];
  /** Somebody has come or gone, or is not what he was. */
  people: [];
  /** Every socket of a room is to be told why, and to end. */
  revoke: [room: string, reason: string];
  /** The network of a room's sockets is to fail. */
  cut: [room: string];
  fault: [familyId: string, change: FaultChange];
}

/** The same as a Socket.IO server sends it to others, by the adapter. */
export interface InterServerEvents {
  node: (name: keyof NodeEvents, args: unknown[]) => void;
}
