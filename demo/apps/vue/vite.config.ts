import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";
import { proxy } from "../demo-backend.ts";

export default defineConfig({
  plugins: [vue()],
  cacheDir: "../../../node_modules/.vite/vue",
  server: { proxy },
  preview: { proxy },
});
