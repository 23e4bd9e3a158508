import type { AuthSocketState } from "authsocket";

/** The states of a connection in words. */
export const connectionWords: Record<AuthSocketState["status"], string> = {
  idle: "Not connected",
  connecting: "Connecting…",
  connected: "Connected",
  signedOut: "Signed out",
  refused: "Refused by the server",
};
