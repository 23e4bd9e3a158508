import { io } from "socket.io-client";
import type { SdkContender } from "../contender.ts";

/** `auth` is a function that asks the SDK, and a disconnect by the server is answered with `connect()`. */
export const callback: SdkContender = {
  name: "callback",
  open(url, sdk) {
    const auth = async (answer: (payload: object) => void) => answer({ token: await sdk.getToken() });
    const socket = io(url, { transports: ["websocket"], forceNew: true, auth });
    socket.on("disconnect", (reason) => {
      if (reason === "io server disconnect") socket.connect();
    });
    return { socket, close: () => socket.disconnect() };
  },
};
