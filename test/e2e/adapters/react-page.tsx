import { createRoot, hydrateRoot } from "react-dom/client";
import { auth } from "./page.ts";
import { Users } from "./react-components.tsx";

const element = document.body;
const root = element.hasChildNodes()
  ? hydrateRoot(element, <Users names={["rendered"]} />)
  : createRoot(element);

window.page = { auth, show: (...names) => root.render(<Users names={names} />) };
