import type { Platform } from "../platform/platform.ts";
import type { TokenSet } from "../token/token-set.ts";

/** What a turn has brought, for other sessions of this page. */
export interface Handover {
  /** of the lease, once it was committed */
  generation: number;
  tokens: TokenSet;
  /** when they came, in ms since the epoch */
  at: number;
  /** the refresh token that the request was sent with */
  refreshToken: string | undefined;
  /** What was asked: the endpoint's URL or the function; for a session with a name, that. */
  asked: unknown;
  /** The app's own headers of the request, which may tell accounts of one endpoint apart. */
  headers: string | undefined;
}

interface Asking {
  /** those that would be sent now */
  headers(): string | undefined;
}

interface Line extends Handover {
  /** the refresh tokens that have led to these tokens, the oldest first */
  ancestors: (string | undefined)[];
}

/** How many refreshes a session may be behind. */
const LONGEST_LINE = 32;

/** By page and name of the lease. In memory, since no token may lie anywhere else than in the app's store (S1). */
const pages = /* @__PURE__ */ new WeakMap<Platform, Map<string, Line>>();

export function handOver(page: Platform, name: string, handover: Handover): void {
  const handovers = pages.get(page) ?? new Map<string, Line>();
  const last = handovers.get(name);
  const before = last && last.tokens.refreshToken === handover.refreshToken ? last.ancestors : [];
  const ancestors = [...before, handover.refreshToken].slice(-LONGEST_LINE);
  pages.set(page, handovers.set(name, { ...handover, ancestors }));
}

/** What one user's turn has brought is not the next one's (B16). */
export function forgetHandover(page: Platform, name: string): void {
  pages.get(page)?.delete(name);
}

/**
 * What the last turn has brought since the asker began, where the asker would have asked the same with the same credential: a component that is
 * mounted anew takes over what its predecessor's request brings (B2, B22).
 */
export function takeOver(
  page: Platform,
  name: string,
  { generation, refreshToken, asked, headers, at }: Omit<Handover, "tokens" | "headers"> & Asking,
): TokenSet | undefined {
  const last = pages.get(page)?.get(name);
  const isSame =
    Number(last?.at) >= at &&
    last?.generation === generation &&
    last.ancestors.includes(refreshToken) &&
    // Whoever has held a refresh token of the line is of its sign-in, also where a function of the app's is made anew.
    (refreshToken !== undefined || (last.asked === asked && last.headers === headers()));
  return isSame ? last.tokens : undefined;
}
