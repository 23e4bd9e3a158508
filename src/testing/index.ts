export type { IssueOptions } from "./accounts.ts";
export type { TestSessionOptions, TestSocketOptions } from "./client.ts";
export type { OtherTab } from "./other-tab.ts";
export type { Room, TestNamespace } from "./test-namespace.ts";
export type { RefreshCall, TestRefresh } from "./test-refresh.ts";
export {
  createTestServer,
  type RefuseOptions,
  type Target,
  type TestClock,
  type TestRefusal,
  type TestServer,
  type TestServerOptions,
} from "./test-server.ts";
export type { TestSocket } from "./test-socket.ts";
