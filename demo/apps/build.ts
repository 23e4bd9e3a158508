import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "vite";

// Builds each example app into its own dist/.
const folder = fileURLToPath(new URL(".", import.meta.url));
for (const entry of await readdir(folder, { withFileTypes: true })) {
  if (!entry.isDirectory()) continue;
  const root = `${folder}${entry.name}`;
  await build({ root, configFile: `${root}/vite.config.ts`, logLevel: "warn" });
}
