import { AuthSocket, memoryStore } from "authsocket";

interface ServerEvents {
  greeting: (text: string) => void;
}

interface ClientEvents {
  /** Answers what it was told. */
  echo: (text: string, reply: (text: string) => void) => void;
}

/** What the pages of all frameworks are made around; nothing happens when it is imported. */
export const auth = new AuthSocket<ServerEvents, ClientEvents>("/", {
  refresh: "/refresh",
  store: memoryStore(),
  autoConnect: false,
});

declare global {
  interface Window {
    page: {
      auth: typeof auth;
      /** Shows a component for each name, and takes the others away. */
      show: (...names: string[]) => void;
    };
  }
}

/** What a component says of itself. */
export const words = (name: string, status: string, subject: string | undefined, greeting: string) =>
  `${name}: ${status}, ${subject ?? "nobody"}, ${greeting || "no greeting"}`;
