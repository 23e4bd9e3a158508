import { connect } from "./connect.ts";
import { expire } from "./expire.ts";
import { live } from "./live.ts";

/** What a client, a process or a page, can be told to do. It is given the storage of its user's browser. */
export const tasks = { connect, live, expire };

export type Tasks = typeof tasks;
