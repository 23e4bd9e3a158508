import { Manager } from "socket.io-client";
import { type Contender, disconnect } from "./contender.ts";
import { refresh, request } from "./refresh.ts";

/** What tutorials show: a token in `auth`, and a refresh when the server refuses it. */
export const tutorial: Contender = {
  name: "tutorial",
  open(account, { namespaces, transports }) {
    const { url, storage, key } = account;
    const manager = new Manager(url, { transports });
    const sockets = namespaces.map((namespace) => {
      const socket = manager.socket(namespace, { auth: { token: storage.getItem(key) } });
      socket.on("connect_error", async () => {
        if (socket.active) return; // the network: Socket.IO reconnects by itself
        const token = await refresh(account);
        if (token === undefined) return;
        socket.auth = { token };
        socket.connect();
      });
      socket.on("disconnect", (reason) => {
        if (reason === "io server disconnect") socket.connect();
      });
      return socket;
    });
    return {
      sockets,
      request: (path) => request(account, path, () => refresh(account)),
      close: () => disconnect(sockets),
    };
  },
};
