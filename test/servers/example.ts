import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";

const here = fileURLToPath(new URL(".", import.meta.url));

/**
 * The module of an example of docs/servers.md, as it stands there, which begins with a comment that names it.
 *
 * @throws Error when there is none of that name
 */
export async function example<Module>(name: string): Promise<Module> {
  const paper = readFileSync(join(here, "../../docs/servers.md"), "utf8");
  const code = [...paper.matchAll(/^```\w+\n(.*?)^```$/gms)]
    .map(([, code = ""]) => code)
    .find((code) => code.startsWith(`// ${name}\n`));
  if (code === undefined) throw new Error(`docs/servers.md has no example ${name}`);
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      experimentalDecorators: true,
    },
  });
  // Where Node finds the packages that it imports.
  const folder = join(here, ".examples");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name.replace(/\.ts$/, ".js"));
  // Node imports it, which knows nothing of the tests' aliases: what it guards with is the built package.
  const built = pathToFileURL(join(here, "../../dist/server.js")).href;
  writeFileSync(file, outputText.replaceAll('"authsocket/server"', JSON.stringify(built)));
  return import(/* @vite-ignore */ pathToFileURL(file).href) as Promise<Module>;
}
