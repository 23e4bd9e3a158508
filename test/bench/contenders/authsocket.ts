import { AuthSocket, webStorageStore } from "authsocket";
import type { Contender } from "./contender.ts";

function authSocket(renewal: "auto" | "reconnect"): Contender {
  return {
    name: `AuthSocket ${renewal}`,
    open({ url, refreshUrl, storage, key }, { namespaces, transports, leeway }) {
      const [first = "/", ...others] = namespaces;
      const store = webStorageStore(key, storage);
      const root = new AuthSocket(url + first, {
        refresh: refreshUrl,
        store,
        renewal,
        origins: [url],
        io: { transports },
        ...(leeway !== undefined && { leeway }),
      });
      const sockets = [root, ...others.map((namespace) => root.of(namespace))];
      return {
        sockets: sockets.map(({ socket }) => socket),
        async request(path) {
          const response = await root.session.fetch(url + path);
          await response.body?.cancel();
          return response.status;
        },
        close: () => root.dispose(),
      };
    },
  };
}

export const authSocketAuto = authSocket("auto");
export const authSocketReconnect = authSocket("reconnect");
