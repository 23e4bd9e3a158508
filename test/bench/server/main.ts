// A server in a process of its own.
import { offer } from "../procedures.ts";
import { BenchServer, type SecureDoor } from "./bench-server.ts";
import type { LoginOptions } from "./logins.ts";
import type { ServerKind } from "./protection.ts";
import { issueToken } from "./tokens.ts";
import type { TrafficRecord } from "./traffic.ts";

let server: BenchServer | undefined;

function running(): BenchServer {
  if (!server) throw new Error("the server is not started");
  return server;
}

/** What the server has seen of one user. */
export interface Seen {
  /** HTTP requests and WebSockets of everybody since the user was opened */
  requests: number;
  /** when tokens were refreshed: ms since the epoch */
  refreshes: number[];
  /** refreshes that were refused */
  refused: number;
  traffic: TrafficRecord[];
}

const serverProcedures = {
  async listen(kind: ServerKind): Promise<{ url: string; directUrl: string }> {
    server = await BenchServer.listen(kind);
    const { url, directUrl } = server;
    return { url, directUrl };
  },

  listenSecurely(_: undefined): Promise<SecureDoor> {
    return running().listenSecurely();
  },

  open({ users, login }: { users: string[]; login: LoginOptions }): void {
    running().logins.open(users, login);
    running().requests = 0;
  },

  /** Tokens that live for an hour, each for another user. Each call uses the same users. */
  tokens(count: number): string[] {
    return Array.from({ length: count }, (_, index) => issueToken(`crowd-${index}`, 3_600_000));
  },

  async settle(_: undefined): Promise<void> {
    await running().settle();
  },

  seen({ user, namespaces }: { user: string; namespaces: readonly string[] }): Seen {
    const { logins, traffic, requests } = running();
    const { refreshes, refused } = logins.get(user);
    return { requests, refreshes, refused, traffic: namespaces.map((name) => traffic.record(user, name)) };
  },

  /** When each of them has refreshed: ms since the epoch. */
  refreshes(users: string[]): number[][] {
    return users.map((user) => running().logins.get(user).refreshes);
  },
};

export type ServerProcedures = typeof serverProcedures;

offer(serverProcedures);
