import type { ErrorRequestHandler } from "express";
import { TokenInUrlError } from "../guards/token-in-url.ts";
import { StoreError } from "../stores/store.ts";

const MESSAGES: Record<number, string> = {
  400: "The request is malformed",
  413: "The request is too large",
  415: "The request's encoding is not supported",
};

/** Answers errors as JSON. It never sends the error's own message: a body parser's quotes the body, and so the password. */
export const jsonErrors: ErrorRequestHandler = (error, _request, response, next) => {
  if (response.headersSent) {
    next(error);
    return;
  }
  const status: unknown = error instanceof Error && "status" in error ? error.status : undefined;
  const isClientError = typeof status === "number" && status >= 400 && status < 500;
  if (error instanceof StoreError) {
    // Without a stack trace: while the store is down, every request fails like this.
    console.error(error.message);
    response.status(503).set("Retry-After", "1").json({ error: "The server is not ready: try again" });
    return;
  }
  if (!isClientError) console.error(error);
  if (error instanceof TokenInUrlError) response.status(error.status).json({ error: error.message });
  else if (isClientError) response.status(status).json({ error: MESSAGES[status] ?? "Bad request" });
  else response.status(500).json({ error: "Something went wrong on the server" });
};
