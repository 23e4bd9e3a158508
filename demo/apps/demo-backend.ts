import type { ProxyOptions } from "vite";

/** Where the demo server is; `npm start` runs it. */
const target = process.env.DEMO_URL ?? "http://localhost:3000";

/** What Vite's servers hand on to the demo server, so that pages, API and sockets share one origin. */
export const proxy: Record<string, ProxyOptions> = {
  "/api": { target },
  "/socket.io": { target, ws: true },
};
