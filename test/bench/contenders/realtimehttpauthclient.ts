import { createRealtimeClient } from "realtimehttpauthclient";
import type { Account, Contender, Transport } from "./contender.ts";

/** A package from npm. It knows one namespace, so that each has a client of its own. */
export const realtimehttpauthclient: Contender = {
  name: "realtimehttpauthclient",
  open(account, { namespaces, transports }) {
    const clients = namespaces.map((namespace) => start(account, namespace, transports));
    return {
      sockets: clients.map(({ socket }) => socket),
      close() {
        for (const { close } of clients) close();
      },
    };
  },
};

function start({ url, refreshUrl, storage, key }: Account, namespace: string, transports: Transport[]) {
  const client = createRealtimeClient({
    apiBaseUrl: url,
    socketUrl: url + namespace,
    getAccessToken: () => storage.getItem(key),
    setAccessToken: (token) => (token === null ? storage.removeItem(key) : storage.setItem(key, token)),
    refresh: { enabled: true, endpoint: refreshUrl },
    // It would share connections with whoever was here before.
    socketOptions: { transports, forceNew: true },
  });
  void client.connect();
  const socket = client.getSocket();
  if (!socket) throw new Error("realtimehttpauthclient made no socket");
  return { socket, close: () => void client.disconnect() };
}
