import { memoryStore } from "authsocket";
import { decodeJwt } from "jose";
import { describe, expect, it, vi } from "vitest";
import { issueToken, verify } from "../support/auth-server.ts";
import { VirtualServer } from "../support/virtual-server.ts";
import { VirtualTime } from "../support/virtual-time.ts";

const FIVE_MINUTES = 300_000;

/** ms that a refresh takes */
const REFRESH = 20;

const LEEWAYS = [0, 1 / 5, 1 / 2, 2 / 3];

/** When servers cut, in ms from the token's end. */
const CUTS = { "at its end": 0, "a second early": -1_000, "two seconds late": 2_000 };

const CLOCKS = { ahead: 5_000, behind: -5_000 };

function expiryOf(token: string): number {
  return Number(decodeJwt(token).exp) * 1_000;
}

/** As most servers do it: `iat` and `exp` are whole seconds. */
function issueInWholeSeconds(lifetime: number): string {
  const iat = Math.floor(Date.now() / 1_000);
  return issueToken({ claims: { iat, exp: iat + lifetime / 1_000 } });
}

/** A server that says nothing of its tokens' ends, and cuts. */
function cuttingServer(time: VirtualTime, late: number): VirtualServer {
  const server = new VirtualServer(time);
  server.io.use((socket, next) => {
    try {
      verify(socket.handshake.auth.token);
      next();
    } catch (error) {
      next(error as Error);
    }
  });
  server.io.on("connection", (socket) => {
    const left = expiryOf(socket.handshake.auth.token) + late - Date.now();
    const cut = setTimeout(() => socket.disconnect(), left);
    socket.on("disconnect", () => clearTimeout(cut));
  });
  return server;
}

/** Five minutes of clients with each leeway and clock. */
async function fiveMinutes(lifetime: number, late: number, issue: () => string): Promise<void> {
  const time = new VirtualTime();
  const server = cuttingServer(time, late);
  const clients = Object.entries(CLOCKS).flatMap(([clock, ahead]) =>
    LEEWAYS.map((share) => {
      const refresh = vi.fn(async () => {
        await new Promise((resolve) => setTimeout(resolve, REFRESH));
        return issue();
      });
      const store = memoryStore({ accessToken: issue() });
      const auth = server.connect({ ahead, session: { refresh, store, leeway: share * lifetime } });
      const connected = vi.fn();
      auth.socket.on("connect", connected);
      const states = new Set<string>();
      auth.subscribe(({ status, error }) => states.add(error ? `${status} (${error.code})` : status));
      auth.session.subscribe(({ status }) => states.add(`session ${status}`));
      return { name: `clock ${clock}, leeway ${share}`, auth, refresh, connected, states };
    }),
  );
  await time.pass(FIVE_MINUTES);
  // A token is renewed in its second half, or when the server cuts it, which may be a second after its issue.
  const most = (2 * FIVE_MINUTES) / lifetime + 2;
  for (const { name, auth, refresh, connected, states } of clients) {
    expect([name, ...states].join()).not.toMatch(/refused|signedOut|waiting|error|\(/);
    expect(auth.state.status).toMatch(/^connect/);
    for (const { mock } of [refresh, connected]) {
      expect(mock.calls.length, name).toBeGreaterThan(FIVE_MINUTES / lifetime / 3);
      expect(mock.calls.length, name).toBeLessThanOrEqual(most);
    }
  }
}

describe.each([2, 3, 4, 8, 15])("tokens of %i s", (seconds) => {
  const lifetime = seconds * 1_000;
  it.each(Object.entries(CUTS))("B14 B27 a server that cuts %s kicks nobody in five minutes", (_, late) =>
    fiveMinutes(lifetime, late, () => issueToken({ lifetime })),
  );
});

describe.each([3, 4, 8])("tokens of %i whole seconds", (seconds) => {
  const lifetime = seconds * 1_000;
  it("B5 B14 a server that cuts a second early kicks nobody in five minutes", () =>
    fiveMinutes(lifetime, -1_000, () => issueInWholeSeconds(lifetime)));
});
