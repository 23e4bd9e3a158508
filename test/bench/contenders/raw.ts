import { Manager } from "socket.io-client";
import { type Contender, disconnect } from "./contender.ts";

/** socket.io-client with a token that never expires: the limit. */
export const raw: Contender = {
  name: "raw",
  open({ url, storage, key }, { namespaces, transports }) {
    const manager = new Manager(url, { transports });
    const auth = { token: storage.getItem(key) };
    const sockets = namespaces.map((namespace) => manager.socket(namespace, { auth }));
    return { sockets, close: () => disconnect(sockets) };
  },
};
