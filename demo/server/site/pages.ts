import { fileURLToPath } from "node:url";
import { Router } from "express";
import { pageHeaders } from "../guards/page-headers.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

// A list, so that no other file is served.
const files = {
  "/": "demo/pages/script-tag.html",
  "/script-tag.js": "demo/pages/script-tag.js",
  "/app": "demo/pages/spa.html",
  "/openid": "demo/pages/openid.html",
  "/openid.js": "demo/dist/openid.js",
  "/openid.js.map": "demo/dist/openid.js.map",
  "/spa.js": "demo/dist/spa.js",
  "/spa.js.map": "demo/dist/spa.js.map",
  "/dashboard.js": "demo/dist/dashboard.js",
  "/dashboard.js.map": "demo/dist/dashboard.js.map",
  "/dashboard.css": "demo/pages/dashboard/dashboard.css",
  "/authsocket.umd.min.js": "dist/authsocket.umd.min.js",
  "/authsocket.umd.min.js.map": "dist/authsocket.umd.min.js.map",
};

/** The pages and the files that they load. */
export function pages(): Router {
  const router = Router();
  router.use(pageHeaders);
  for (const [path, file] of Object.entries(files)) {
    router.get(path, (_request, response, next) => {
      response.sendFile(file, { root }, (error) => {
        if (!error || response.headersSent) return;
        if ("code" in error && error.code === "ENOENT")
          response.status(404).type("text").send(`${file} is not there yet: npm run build\n`);
        else next(error);
      });
    });
  }
  return router;
}
