import type { Accounts, User } from "./accounts.ts";

/** An account with a public password: for this demo only. */
export interface DemoAccount extends User {
  password: string;
}

export const demoAccounts: readonly DemoAccount[] = [
  { id: "user-1", username: "alice", email: "alice@example.com", role: "user", password: "wonderland" },
  { id: "user-2", username: "bob", email: "bob@example.com", role: "user", password: "builder" },
  { id: "user-3", username: "admin", email: "admin@example.com", role: "admin", password: "overlook" },
];

/** Adds the accounts of the demo. */
export async function addDemoAccounts(accounts: Accounts): Promise<void> {
  await Promise.all(demoAccounts.map(({ password, ...user }) => accounts.add(user, password)));
}
