import { connect } from "./connect.ts";
import { crowd } from "./crowd.ts";
import { echo } from "./echo.ts";
import { enter } from "./enter.ts";
import { expire } from "./expire.ts";
import { heap } from "./heap.ts";
import { live } from "./live.ts";
import { storm } from "./storm.ts";

/** What a client, a process or a page, can be told to do. It is given the storage of its user's browser and what its host can measure. */
export const tasks = { enter, connect, live, expire, crowd, echo, heap, storm };

export type Tasks = typeof tasks;
