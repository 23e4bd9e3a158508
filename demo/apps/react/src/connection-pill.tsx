import { useConnection } from "authsocket/react";
import { connectionWords } from "../../connection-words.ts";
import { auth } from "./auth.ts";

/** Connects while it is on the page, as every component does that uses the connection. */
export function ConnectionPill() {
  const { status } = useConnection(auth);
  return (
    <span className="pill" role="status" data-status={status}>
      {connectionWords[status]}
    </span>
  );
}
