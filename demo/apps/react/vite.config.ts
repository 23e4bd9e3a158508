import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { proxy } from "../demo-backend.ts";

export default defineConfig({
  plugins: [react()],
  cacheDir: "../../../node_modules/.vite/react",
  server: { proxy },
  preview: { proxy },
});
