import { JSDOM } from "jsdom";

// Where there is no page, a component still needs a document to be mounted in. There is no window for it: what the package
// sees is Node.
const world = globalThis as { document?: Document };
world.document ??= new JSDOM().window.document;
