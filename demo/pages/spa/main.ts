import { AuthSocket } from "authsocket";
import { type DemoSocket, mount, pageSettings } from "../dashboard/index.ts";

const root = document.querySelector("#app");
if (root === null) throw new Error("The page has no #app.");

// `refresh` is all that an app needs. The rest is for this demo: the store is chosen in the page, and the page wants to
// show which tab has refreshed.
const settings = pageSettings();
const auth: DemoSocket = new AuthSocket("/", {
  refresh: "/api/refresh-token",
  store: settings.store,
  fetch: settings.refreshes.fetch,
});
mount(root, auth, settings);
