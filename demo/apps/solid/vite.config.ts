import { defineConfig } from "vite";
import solid from "vite-plugin-solid";
import { proxy } from "../demo-backend.ts";

export default defineConfig({
  plugins: [solid()],
  cacheDir: "../../../node_modules/.vite/solid",
  server: { proxy },
  preview: { proxy },
});
