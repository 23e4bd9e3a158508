import { createSSRApp } from "vue";
import { renderToString } from "vue/server-renderer";
import { Users } from "./vue-components.ts";

/** The page as a server renders it. */
export const render = (): Promise<string> => renderToString(createSSRApp(Users));
