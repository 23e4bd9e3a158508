import { AuthSocket } from "authsocket";
import { type DemoSocket, mount } from "../dashboard/index.ts";

const root = document.querySelector("#app");
if (root === null) throw new Error("The page has no #app.");

const auth: DemoSocket = new AuthSocket("/", { refresh: "/api/refresh-token" });
mount(root, auth);
