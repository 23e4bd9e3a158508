import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { proxy } from "../demo-backend.ts";

export default defineConfig({
  plugins: [svelte()],
  cacheDir: "../../../node_modules/.vite/svelte",
  server: { proxy },
  preview: { proxy },
});
