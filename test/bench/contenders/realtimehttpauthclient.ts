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
  const refresh = { enabled: true, endpoint: refreshUrl };
  const config = {
    enabled: true,
    apiBaseUrl: url,
    socketUrl: url + namespace,
    getAccessToken: () => storage.getItem(key),
    setAccessToken: (token: string | null) =>
      token === null ? storage.removeItem(key) : storage.setItem(key, token),
    refresh,
    // Otherwise it would share a connection with an earlier client.
    socketOptions: { transports, forceNew: true },
  };
  const client = createRealtimeClient(config);
  void client.connect();
  const socket = client.getSocket();
  if (!socket) throw new Error("realtimehttpauthclient made no socket");
  return {
    socket,
    close() {
      void client.disconnect();
      // Otherwise its timer would still renew the token later, and connect while another contender is measured.
      config.enabled = refresh.enabled = false;
    },
  };
}
