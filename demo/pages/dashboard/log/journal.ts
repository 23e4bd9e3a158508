import type { DemoSocket } from "../server/demo-socket.ts";
import { watchSession } from "../state/session-watch.ts";
import { disconnectLine, type Line, refusalLine, sessionLine, socketLine } from "./lines.ts";

/** Writes a line for each event of session and socket that is worth reading. */
export function keepJournal(auth: DemoSocket, write: (line: Line) => void): void {
  const { session, socket } = auth;
  let previous = auth.state;
  /** When the latest connection was lost, in ms since the epoch. undefined if this page closed it. */
  let lostAt: number | undefined;
  const note = (line: Line | undefined) => {
    if (line) write(line);
  };

  watchSession(session, (state, change) => {
    // A renewal is written by whoever knows which tab has made it.
    if (change && change.kind !== "renewed") write(sessionLine(change, state, Date.now()));
  });
  auth.subscribe((next) => {
    note(socketLine(previous, next, Date.now(), lostAt));
    // The next user's connection is a first one, not one that has come back.
    if (next.status === "signedOut") lostAt = undefined;
    previous = next;
  });
  socket.on("disconnect", (cause) => {
    lostAt = cause === "io client disconnect" ? undefined : Date.now();
    write(disconnectLine(cause));
  });
  socket.on("connect_error", (error) => {
    note(refusalLine(error));
  });
  socket.on("auth:revoked", ({ reason }) => {
    write({ tone: "bad", text: `The server ended this connection: ${reason}` });
  });
}
