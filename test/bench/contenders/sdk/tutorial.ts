import { io } from "socket.io-client";
import type { SdkContender } from "../contender.ts";

/** The token that the SDK has announced last, and a forced renewal when the server refuses it. */
export const tutorial: SdkContender = {
  name: "tutorial",
  open(url, sdk) {
    const socket = io(url, { transports: ["websocket"], forceNew: true, auth: { token: sdk.token } });
    sdk.onChange(() => {
      socket.auth = { token: sdk.token };
    });
    socket.on("connect_error", async () => {
      if (socket.active) return; // the network: Socket.IO reconnects by itself
      const token = await sdk.getToken(true);
      if (token !== null) socket.connect();
    });
    socket.on("disconnect", (reason) => {
      if (reason === "io server disconnect") socket.connect();
    });
    return { socket, close: () => socket.disconnect() };
  },
};
