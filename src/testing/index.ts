export type { IssueOptions } from "./accounts.ts";
export type { RefuseOptions, TestRefusal } from "./admission.ts";
export type { TestSessionOptions, TestSocketOptions } from "./client.ts";
export type { OtherTab } from "./other-tab.ts";
export type { Target } from "./target.ts";
export type { Room, TestNamespace } from "./test-namespace.ts";
export type { RefreshCall, TestRefresh } from "./test-refresh.ts";
export { createTestServer, type TestClock, type TestServer, type TestServerOptions } from "./test-server.ts";
export type { TestSocket } from "./test-socket.ts";
