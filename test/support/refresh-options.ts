import type { AuthSessionOptions, TokenSource } from "authsocket";

/** The options of a session that refreshes by itself, without a source. */
export type RefreshOptions = Exclude<AuthSessionOptions, { source: TokenSource }>;
