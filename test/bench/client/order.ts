import type { ContenderName, Wish } from "../contenders/contender.ts";
import type { SignIn } from "./account.ts";

/** Who is to be measured, and where. */
export interface Order extends SignIn, Wish {
  contender: ContenderName;
}
