// `npm run app -- react` starts one of the example apps, with hot reload, and the demo server behind it.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";
import { createDemoServer } from "../server/index.ts";

const [name = "react"] = process.argv.slice(2);
const root = fileURLToPath(new URL(name, import.meta.url));
const configFile = `${root}/vite.config.ts`;
if (!existsSync(configFile))
  throw new Error(`There is no app "${name}". Try react, vue, svelte, solid or angular.`);

const demo = await createDemoServer();
process.env.DEMO_URL = demo.url;
const vite = await (await createServer({ root, configFile })).listen();
vite.printUrls();
for (const { username, password } of demo.accounts) console.log(`  ${username} signs in with ${password}`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    await vite.close();
    await demo.close();
  });
}
