import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { unsignedJwt } from "../../support/unsigned-jwt.ts";

interface Family {
  readonly user: string;
  current: string;
  /** The one before: GoTrue answers it with the current one, since a tab may have lost a race. */
  parent: string | undefined;
  isRevoked: boolean;
}

/**
 * As much of GoTrue, Supabase's authentication server, as signing in, refreshing and signing out take. A refresh token can be
 * used once; the last one before the current is forgiven, and any other that is used again ends the session.
 */
export class SmallGoTrue {
  refreshes = 0;
  refusals = 0;
  /** seconds */
  lifetime = 4;
  readonly #families = new Map<string, Family>();

  /** Whether a request was one of its own. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const url = new URL(request.url ?? "/", "http://gotrue");
    if (!url.pathname.startsWith("/auth/v1/")) return false;
    if (url.pathname === "/auth/v1/logout") response.writeHead(204).end();
    else void this.#token(url.searchParams.get("grant_type"), request, response);
    return true;
  }

  /** Uses a refresh token, as a thief would. */
  steal(token: string): number {
    return this.#refresh(token).status;
  }

  async #token(grant: string | null, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await json(request)) as { email?: string; refresh_token?: string };
    const { status, answer } =
      grant === "password"
        ? this.#signIn(String(body.email).replace(/@.*/, ""))
        : this.#refresh(body.refresh_token ?? "");
    response
      .writeHead(status, { "Content-Type": "application/json", "X-Supabase-Api-Version": "2024-01-01" })
      .end(JSON.stringify(answer));
  }

  #signIn(user: string): Answer {
    const family: Family = { user, current: randomUUID(), parent: undefined, isRevoked: false };
    this.#families.set(family.current, family);
    return this.#session(family);
  }

  #refresh(token: string): Answer {
    const family = this.#families.get(token);
    if (!family || family.isRevoked) return this.#refuse("refresh_token_not_found");
    if (token !== family.current && token !== family.parent) {
      family.isRevoked = true;
      return this.#refuse("refresh_token_already_used");
    }
    this.refreshes++;
    if (token === family.current) {
      family.parent = token;
      family.current = randomUUID();
      this.#families.set(family.current, family);
    }
    return this.#session(family);
  }

  #refuse(code: string): Answer {
    this.refusals++;
    return { status: 400, answer: { code, message: "Invalid Refresh Token" } };
  }

  #session({ user, current }: Family): Answer {
    const iat = Date.now() / 1000;
    const expires_at = Math.floor(iat) + this.lifetime;
    const access_token = unsignedJwt({ sub: user, iat, exp: expires_at, jti: randomUUID() });
    const answer = {
      access_token,
      token_type: "bearer",
      expires_in: this.lifetime,
      expires_at,
      refresh_token: current,
      user: {
        id: user,
        aud: "authenticated",
        email: `${user}@example.com`,
        app_metadata: {},
        user_metadata: {},
      },
    };
    return { status: 200, answer };
  }
}

interface Answer {
  status: number;
  answer: object;
}
