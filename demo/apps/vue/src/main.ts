import { createApp } from "vue";
import "../../app.css";
import App from "./App.vue";
import { router } from "./router.ts";

createApp(App).use(router).mount("#app");
