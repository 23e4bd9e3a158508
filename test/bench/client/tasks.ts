import { connect } from "./connect.ts";
import { crowd } from "./crowd.ts";
import { echo } from "./echo.ts";
import { enter } from "./enter.ts";
import { expire } from "./expire.ts";
import { follow } from "./follow.ts";
import { heap } from "./heap.ts";
import { live } from "./live.ts";
import { request } from "./request.ts";
import { storm } from "./storm.ts";

/** What a client can be told to do, in a process or a page. A task gets the user's storage and the host's meter. */
export const tasks = { enter, connect, live, expire, follow, request, crowd, echo, heap, storm };

export type Tasks = typeof tasks;
