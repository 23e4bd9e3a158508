import { jwtDecode } from "jwt-decode";
import { Manager } from "socket.io-client";
import { type Contender, disconnect } from "./contender.ts";
import { refresh, request } from "./refresh.ts";

/** ms before its expiry at which a token is no longer sent */
const NEAR = 100;

/** The best that people write by hand: `auth` is a function that refreshes in time, and a disconnect by the server is answered with `connect()`. */
export const callback: Contender = {
  name: "callback",
  open(account, { namespaces, transports }) {
    const { url, storage, key } = account;
    const manager = new Manager(url, { transports });
    const auth = async (answer: (payload: object) => void) => {
      let token = storage.getItem(key) ?? undefined;
      const { exp = 0 } = token ? jwtDecode(token) : {};
      if (exp * 1000 - Date.now() < NEAR) token = await refresh(account);
      answer({ token });
    };
    const sockets = namespaces.map((namespace) => {
      const socket = manager.socket(namespace, { auth });
      socket.on("disconnect", (reason) => {
        if (reason === "io server disconnect") socket.connect();
      });
      return socket;
    });
    let refreshing: Promise<string | undefined> | undefined;
    const shared = () => {
      refreshing ??= refresh(account).finally(() => {
        refreshing = undefined;
      });
      return refreshing;
    };
    return {
      sockets,
      request: (path) => request(account, path, shared),
      close: () => disconnect(sockets),
    };
  },
};
