import { defineConfig } from "vite";
import { proxy } from "../demo-backend.ts";

// Angular's own build compiles templates ahead of time. Here its compiler does so in the page (see main.ts), which takes
// nothing beyond Vite.
export default defineConfig({
  build: { chunkSizeWarningLimit: 1_200 },
  cacheDir: "../../../node_modules/.vite/angular",
  server: { proxy },
  preview: { proxy },
});
