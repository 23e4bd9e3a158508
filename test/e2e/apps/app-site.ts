import { fileURLToPath } from "node:url";
import { createServer, type InlineConfig, preview } from "vite";
import { WitnessedServer } from "../witnessed-server.ts";

export const appNames = ["React", "Vue", "Svelte", "Solid", "Angular"] as const;

export type AppName = (typeof appNames)[number];

/** One of the example apps on Vite's own server, as its developer would run it, before a demo server. */
export interface AppSite {
  url: string;
  server: WitnessedServer;
  close(): Promise<void>;
}

/** As it was built by `npm run build:apps`. */
export async function previewApp(name: AppName, accessTokenLifetime: number): Promise<AppSite> {
  const { config, server } = await start(name, accessTokenLifetime);
  const vite = await preview(config);
  return {
    url: addressOf(vite.httpServer.address()),
    server,
    async close() {
      await server.close();
      await vite.close();
    },
  };
}

/** From its sources, with hot reload. `save` saves the module that makes the socket. */
export async function developApp(name: AppName): Promise<AppSite & { save: () => Promise<void> }> {
  const { config, server } = await start(name, 60_000);
  // A cache for each: the apps have one node_modules, and their servers run side by side.
  const cacheDir = fileURLToPath(new URL(`../../../node_modules/.vite/${name}`, import.meta.url));
  const vite = await (await createServer({ ...config, cacheDir })).listen();
  return {
    url: addressOf(vite.httpServer?.address()),
    server,
    async save() {
      const [module] =
        vite.environments.client.moduleGraph.getModulesByFile(`${config.root}/src/auth.ts`) ?? [];
      if (!module) throw new Error("no page has asked for the module");
      await vite.environments.client.reloadModule(module);
    },
    async close() {
      await server.close();
      await vite.close();
    },
  };
}

async function start(
  name: AppName,
  accessTokenLifetime: number,
): Promise<{ config: InlineConfig; server: WitnessedServer }> {
  const server = await WitnessedServer.start({ accessTokenLifetime, passwordCost: 2 });
  process.env.DEMO_URL = server.url;
  const root = fileURLToPath(new URL(`../../../demo/apps/${name.toLowerCase()}`, import.meta.url));
  const place = { port: 0, strictPort: true, host: "127.0.0.1" };
  const config = { root, configFile: `${root}/vite.config.ts`, logLevel: "error" } as const;
  return { config: { ...config, server: place, preview: place }, server };
}

function addressOf(address: unknown): string {
  if (typeof address === "object" && address !== null && "port" in address)
    return `http://127.0.0.1:${address.port}`;
  throw new Error("the server does not listen");
}
