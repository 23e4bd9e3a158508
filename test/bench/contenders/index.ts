import { authSocketAuto, authSocketReconnect } from "./authsocket.ts";
import { callback } from "./callback.ts";
import type { Contender, ContenderName } from "./contender.ts";
import { raw } from "./raw.ts";
import { realtimehttpauthclient } from "./realtimehttpauthclient.ts";
import { tutorial } from "./tutorial.ts";

const contenders = [raw, tutorial, callback, realtimehttpauthclient, authSocketAuto, authSocketReconnect];

export function findContender(name: ContenderName): Contender {
  const found = contenders.find((contender) => contender.name === name);
  if (!found) throw new Error(`there is no contender called ${name}`);
  return found;
}
