import type { RefusalCode } from "../protocol.ts";
import { AuthError } from "../server/auth-error.ts";
import type { Access, Accounts } from "./accounts.ts";
import type { Client, Connecting } from "./client.ts";
import type { Cookie } from "./cookie-login.ts";
import type { NamespaceCore } from "./namespace-core.ts";
import type { ServerSocket } from "./server-socket.ts";
import { isFor, type Target } from "./target.ts";
import type { Member, Refused } from "./wire/engine.ts";

/** For so many ms after a kick, a client that comes back automatically is kicked again, and so often. */
const [KICK_WINDOW, KICKS] = [300_000, 3];

/** So many objects in one another may hold the token. */
const DEEPEST = 8;

export interface RefuseOptions extends Target {
  /** ms, with `unavailable` */
  retryAfter?: number | undefined;
}

/** A CONNECT or a renewal that was refused. */
export interface TestRefusal {
  /** ms since the epoch */
  at: number;
  namespace: string;
  /** whose token it was; undefined if the server does not know it */
  subject: string | undefined;
  /** undefined for an error of the test's own without a code */
  code: string | undefined;
}

/** A token that is being checked. */
interface Presented {
  token: unknown;
  namespace: string;
  client?: Client;
  cookie?: Cookie | undefined;
}

/** Who is connected: by their tokens, by `refuse()` and by `kick()`. */
export class Admission {
  /** In order. */
  readonly refusals: TestRefusal[] = [];
  readonly #accounts: Accounts;
  readonly #guests: boolean;
  readonly #clients = new WeakMap<ServerSocket, Client>();
  /** What is in force until `accept()`. */
  #refusal: { error: Refused; target: Target } | undefined;

  /** @param guests whether sockets without a token are connected */
  constructor(accounts: Accounts, guests: boolean) {
    this.#accounts = accounts;
    this.#guests = guests;
  }

  refuse(refusal: RefusalCode | (Error & { data?: unknown }), options: RefuseOptions): void {
    const { retryAfter, ...target } = options;
    const error =
      typeof refusal === "string"
        ? new AuthError(refusal, undefined, retryAfter === undefined ? {} : { retryAfter })
        : refusal;
    this.#refusal = { error, target };
  }

  accept(): void {
    this.#refusal = undefined;
  }

  kick(socket: ServerSocket): void {
    this.#clients.get(socket)?.kick(socket, Date.now() + KICK_WINDOW, KICKS);
  }

  /** Answers a CONNECT. */
  connect(namespace: NamespaceCore, { client, cookie, engine, payload }: Connecting): Member | Refused {
    const { name } = namespace;
    const verdict = this.#verified({ token: this.#tokenIn(payload), namespace: name, client, cookie });
    if (verdict && !("signIn" in verdict)) return verdict;
    const socket = namespace.admit(engine, verdict);
    this.#clients.set(socket, client);
    if (client.isKickedAgain(name)) void Promise.resolve().then(() => socket.disconnect());
    return socket;
  }

  /** Whose the token of a renewal is, or why it is refused. */
  renew(token: unknown, namespace: string): Access | Refused {
    return this.#verified({ token, namespace }) ?? new AuthError("token_missing");
  }

  /** The option `payload` may put it anywhere, such as behind "Bearer" or in an object. */
  #tokenIn(payload: Readonly<Record<string, unknown>>): unknown {
    const { token } = payload;
    if (typeof token === "string") return bare(token);
    let values: unknown[] = [payload];
    for (let depth = 0; depth < DEEPEST; depth++) {
      values = values.flatMap(valuesOf).map(bare);
      const issued = values.find((value) => this.#accounts.find(value));
      if (issued) return issued;
    }
    return token;
  }

  /** undefined: a guest */
  #verified({ token, namespace, client, cookie }: Presented): Access | Refused | undefined {
    const owner = this.#accounts.find(token)?.signIn ?? cookie?.signIn;
    const verdict = this.#refusing(namespace, owner?.subject) ?? this.#judged(token, client, cookie);
    if (verdict && !("signIn" in verdict)) {
      const { code } = Object(verdict.data) as { code?: string };
      this.refusals.push({ at: Date.now(), namespace, subject: owner?.subject, code });
    }
    return verdict;
  }

  #judged(
    token: unknown,
    client: Client | undefined,
    cookie: Cookie | undefined,
  ): Access | Refused | undefined {
    if (token !== undefined || !client) return this.#accounts.verify(token);
    if (client.isCookieSession && cookie) {
      const isGood = cookie.expiresAt > Date.now() && !cookie.signIn.isOver;
      return isGood ? { ...cookie } : new AuthError("token_expired");
    }
    return this.#guests ? undefined : new AuthError("token_missing");
  }

  #refusing(namespace: string, subject: string | undefined): Refused | undefined {
    const { error, target } = this.#refusal ?? {};
    return target && isFor(target, namespace, subject) ? error : undefined;
  }
}

const bare = (value: unknown) => (typeof value === "string" ? value.replace(/^bearer /i, "") : value);

const valuesOf = (value: unknown): unknown[] => (typeof value === "object" ? Object.values(value ?? {}) : []);
