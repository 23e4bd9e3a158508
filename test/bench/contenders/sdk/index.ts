import type { ContenderName, SdkContender } from "../contender.ts";
import { authSocketAuto, authSocketReconnect } from "./authsocket.ts";
import { callback } from "./callback.ts";
import { tutorial } from "./tutorial.ts";

const contenders = [tutorial, callback, authSocketAuto, authSocketReconnect];

export function findSdkContender(name: ContenderName): SdkContender {
  const found = contenders.find((contender) => contender.name === name);
  if (!found) throw new Error(`${name} has no use for an identity SDK`);
  return found;
}
