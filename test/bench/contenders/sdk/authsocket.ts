import { AuthSocket } from "authsocket";
import { sourceOf } from "../../../support/tab-sdk.ts";
import type { SdkContender } from "../contender.ts";

function authSocket(renewal: "auto" | "reconnect"): SdkContender {
  return {
    name: `AuthSocket ${renewal}`,
    open(url, sdk) {
      const auth = new AuthSocket(url, {
        source: sourceOf(sdk),
        renewal,
        io: { transports: ["websocket"] },
      });
      let hasSignedOut = false;
      auth.session.subscribe(({ status }) => {
        hasSignedOut ||= status === "signedOut";
      });
      return { socket: auth.socket, hasSignedOut: () => hasSignedOut, close: () => auth.dispose() };
    },
  };
}

export const authSocketAuto = authSocket("auto");
export const authSocketReconnect = authSocket("reconnect");
