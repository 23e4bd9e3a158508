import { type SignIn, signIn } from "./account.ts";

/** Signs in, for tabs that are opened after it. */
export async function enter(order: SignIn, storage: Storage): Promise<void> {
  await signIn(order, storage);
}
