import { AuthSession, AuthSocket, memoryStore } from "authsocket";
import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { type AuthServer, issueToken, Refusal, startAuthServer } from "../support/auth-server.ts";
import { disposed } from "../support/disposal.ts";
import { SkippableClock } from "../support/skippable-clock.ts";
import { until } from "../support/states.ts";

/** How servers in the field refuse a token. Message and data; none of them may end a session. */
const MET: [message: string, data?: unknown][] = [
  ["Authentication error"],
  ["Authentication error", { content: "Please retry later" }],
  ["Unauthorized"],
  ["unauthorized", { message: "jwt expired", code: "invalid_token", type: "UnauthorizedError" }],
  ["unauthorized", { type: "UnauthorizedError", code: "credentials_required" }],
  ["jwt expired", { name: "TokenExpiredError", expiredAt: "2026-01-01T00:00:00.000Z" }],
  ["jwt malformed", { name: "JsonWebTokenError" }],
  ["invalid signature"],
  ["Invalid token"],
  ["Invalid or expired token"],
  ["No token provided"],
  ["Token expired", { code: "TOKEN_EXPIRED" }],
  ["expired", { code: "token-expired" }],
  ["no", { code: "Invalid_Token" }],
  ["no", { status: 401 }],
  ["no", { status: "401" }],
  ["no", { statusCode: 401, message: "Unauthorized", error: "Unauthorized" }],
  ["no", { statusCode: "401" }],
  ["no", { code: 401 }],
  ["no", { code: "401" }],
  ["no", { error: { code: 401 } }],
  ["not authorized"],
  ["Session expired, please log in again"],
  ["Firebase ID token has expired.", { code: "auth/id-token-expired" }],
  ["Admin access required"],
  ["You must be logged in to do that"],
  ["Forbidden resource", { status: "error" }],
  ["认证失败：令牌已过期"],
  ["認証エラー"],
  ["Ошибка аутентификации"],
  ["انتهت صلاحية الرمز المميز"],
  ["Zugriff verweigert"],
  ["Sesión no válida", { código: 401 }],
  ["토큰이 만료되었습니다", { 상태: 401 }],
  ["", undefined],
  ["no", null],
  ["no", 401],
  ["no", "401"],
  ["no", []],
  ["no", { code: null, status: undefined }],
  ["no", { code: { status: 401 } }],
  ["no", { data: { code: "token_expired" } }],
];

const WORDS = fc.sample(
  fc.tuple(
    fc.oneof(
      fc.constantFrom(
        ...["token", "expired", "unauthorized", "forbidden", "role", "admin", "session", "invalid", "denied"],
        ...[
          "令牌",
          "过期",
          "权限",
          "トークン",
          "エラー",
          "токен",
          "истёк",
          "доступ",
          "رمز",
          "منتهي",
          "टोकन",
          "토큰",
        ],
      ),
      fc.string({ unit: "grapheme", maxLength: 40 }),
    ),
    fc.oneof(
      fc.constant(undefined),
      fc.jsonValue({ maxDepth: 4 }),
      fc.dictionary(
        fc.constantFrom("code", "status", "statusCode", "error", "message", "reason"),
        fc.jsonValue(),
        {
          maxKeys: 4,
        },
      ),
    ),
  ),
  { numRuns: 300, seed: 12 },
);

/** Codes that say what they are about otherwise: a scope costs no refresh, an unavailable server is waited for. */
const isAnotherMatter = (data: unknown) => {
  const { code, status, statusCode } = Object(data);
  return [code, status, statusCode].some((word) =>
    /^\s*(insufficient.scope|403|unavailable|503)\s*$/i.test(String(word)),
  );
};

const TABLE: [string, unknown][] = [
  ...MET.map(([message, data]): [string, unknown] => [message, data]),
  ...WORDS.map(([message, data]): [string, unknown] => [message, data]),
].filter(([, data]) => !isAnotherMatter(data));

interface Case {
  message: string;
  data: unknown;
  token: string;
  clock: SkippableClock;
  session: AuthSession;
  refresh: ReturnType<typeof vi.fn<() => Promise<string>>>;
  clear: ReturnType<typeof vi.fn>;
  auth: AuthSocket;
}

/** A page for each row: a token that is refused so, and a session that can refresh it. */
function pages(server: AuthServer, rows: [string, unknown][]): Case[] {
  return rows.map(([message, data], row) => {
    const token = issueToken();
    const clock = new SkippableClock();
    const refresh = vi.fn<() => Promise<string>>(async () => issueToken());
    const inner = memoryStore({ accessToken: token });
    const clear = vi.fn();
    const session = disposed(
      new AuthSession({ refresh, store: { ...inner, clear }, name: `row ${row}` }, clock),
    );
    const auth = disposed(
      new AuthSocket(server.url, { session, autoConnect: false, io: { transports: ["websocket"] } }),
    );
    return { message, data, token, clock, session, refresh, clear, auth };
  });
}

/** So many at once, that none waits long. */
async function inGroups<T>(all: T[], run: (each: T) => Promise<void>): Promise<void> {
  for (let first = 0; first < all.length; first += 50) {
    await Promise.all(all.slice(first, first + 50).map(run));
  }
}

describe("refusals as servers word them", { timeout: 120_000 }, () => {
  it(`B15 ${TABLE.length} of them: where a fresh token is taken, connected after exactly one refresh`, async () => {
    const server = await startAuthServer();
    const refusals = new Map<unknown, Refusal>();
    server.admit = (token) => {
      const refusal = refusals.get(token);
      if (refusal) throw refusal;
    };
    await inGroups(pages(server, TABLE), async ({ message, data, token, auth, refresh, clear, session }) => {
      refusals.set(token, new Refusal(message, data));
      await auth.connect().whenConnected();
      expect([message, data, refresh.mock.calls.length]).toEqual([message, data, 1]);
      expect(clear).not.toHaveBeenCalled();
      expect(session.state.status).toBe("signedIn");
      auth.dispose();
    });
  });

  it(`B27 ${TABLE.length} of them: where none is taken, one refresh in five minutes, and nobody is signed out`, async () => {
    const server = await startAuthServer();
    let refuse = (_: unknown) => {};
    server.admit = (_, { handshake }) => refuse(handshake.query.row);
    const rows = pages(server, TABLE);
    refuse = (row) => {
      const { message = "", data } = rows[Number(row)] ?? {};
      throw new Refusal(message, data);
    };
    await inGroups(
      rows.map((each, row) => ({ ...each, row })),
      async ({ message, data, session, refresh, clear, clock, row, auth: unused }) => {
        unused.dispose();
        const io = { transports: ["websocket"], query: { row: String(row) } };
        const auth = disposed(new AuthSocket(server.url, { session, io }));
        await until(auth, ({ error }) => error !== undefined);
        for (let minute = 0; minute < 5; minute++) await clock.skip(59_000);
        expect([message, data, refresh.mock.calls.length]).toEqual([message, data, 1]);
        expect(clear).not.toHaveBeenCalled();
        expect(session.state.status).toBe("signedIn");
        expect(["connecting", "refused"]).toContain(auth.state.status);
        auth.dispose();
      },
    );
  });
});
