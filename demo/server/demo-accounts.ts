import type { Accounts, User } from "./accounts.ts";
import { hashPassword, type PasswordHash } from "./password-hash.ts";

/** An account whose password is public: for this demo only. */
export interface DemoAccount extends User {
  password: string;
}

export const demoAccounts: readonly DemoAccount[] = [
  { id: "user-1", username: "alice", email: "alice@example.com", role: "user", password: "wonderland" },
  { id: "user-2", username: "bob", email: "bob@example.com", role: "user", password: "builder" },
  { id: "user-3", username: "admin", email: "admin@example.com", role: "admin", password: "overlook" },
];

let opened: Promise<[User, PasswordHash][]> | undefined;

/** Opens the demo's accounts. Hashing takes its time, so it is done once in a process, however many servers it has. */
export async function addDemoAccounts(accounts: Accounts): Promise<void> {
  opened ??= Promise.all(
    demoAccounts.map(
      async ({ password, ...user }): Promise<[User, PasswordHash]> => [user, await hashPassword(password)],
    ),
  );
  for (const [user, hash] of await opened) accounts.add(user, hash);
}
