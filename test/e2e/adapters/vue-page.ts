import { createApp, createSSRApp } from "vue";
import { auth } from "./page.ts";
import { names, Users } from "./vue-components.ts";

const isRendered = document.body.hasChildNodes();
if (!isRendered) names.value = [];
(isRendered ? createSSRApp : createApp)(Users).mount(document.body);

window.page = {
  auth,
  show: (...shown) => {
    names.value = shown;
  },
};
