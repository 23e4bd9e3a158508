import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import { build, transform } from "esbuild";
import { type RollupCache, rollup } from "rollup";

/** In bytes. */
export interface BundleSize {
  minified: number;
  gzip: number;
  brotli: number;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const target = "es2022";

/**
 * What a module brings into an app, with everything it imports.
 *
 * @param entry a path in this repository, or a package
 * @param external packages that the app has already
 */
export async function bundleSize(entry: string, external: string[]): Promise<BundleSize> {
  const { outputFiles } = await bundle(exportAll(entry), external);
  return compressedSize(outputFiles[0]?.contents ?? new Uint8Array());
}

/** Minified bytes of each file in such a bundle, the heaviest first. */
export async function bundleParts(
  entry: string,
  external: string[],
): Promise<[file: string, bytes: number][]> {
  const { metafile } = await bundle(exportAll(entry), external);
  return Object.values(metafile.outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .map(([file, { bytesInOutput }]): [string, number] => [file, bytesInOutput])
    .sort(([, a], [, b]) => b - a);
}

/** The names that a module exports. */
export async function exportedNames(entry: string, external: string[]): Promise<string[]> {
  const { metafile } = await bundle(exportAll(entry), external);
  return Object.values(metafile.outputs).flatMap(({ exports }) => exports);
}

/** Bytes of gzip that one name of a module adds to a bundle that is empty without it, by the bundler that leaves less out. */
export async function nameSize(entry: string, name: string, external: string[]): Promise<number> {
  const use = `import { ${name} } from ${JSON.stringify(entry)}; console.log(${name})`;
  const sizes = [byEsbuild, byRollup].map(async (bundler) => (await bundler(use, external)) - emptySize);
  return Math.max(...(await Promise.all(sizes)));
}

async function byEsbuild(contents: string, external: string[]): Promise<number> {
  const { outputFiles } = await bundle(contents, external);
  return gzipSize(outputFiles[0]?.contents ?? new Uint8Array());
}

/** The modules that the last bundle has read, so that the next does not parse them again. */
let parsed: RollupCache | undefined;

async function byRollup(contents: string, external: string[]): Promise<number> {
  const input = `${root}the-app.js`;
  const app = { name: "app", load: (id: string) => (id === input ? contents : null) };
  const resolve = { name: "input", resolveId: (id: string) => (id === input ? id : null) };
  const plugins = [resolve, app, nodeResolve({ browser: true })];
  const built = await rollup({ input, external, plugins, cache: parsed ?? true });
  parsed = built.cache;
  const { output } = await built.generate({ format: "es" });
  const { code } = await transform(output[0].code, { minify: true, format: "esm", target });
  return gzipSize(Buffer.from(code));
}

const exportAll = (entry: string) => `export * from ${JSON.stringify(entry)}`;

function bundle(contents: string, external: string[]) {
  return build({
    stdin: { contents, resolveDir: root },
    external,
    bundle: true,
    minify: true,
    format: "esm",
    target,
    write: false,
    metafile: true,
  });
}

const gzipSize = (minified: Uint8Array) => gzipSync(minified, { level: 9 }).length;

/** What both bundlers make of an app that uses nothing. */
const emptySize = gzipSize(Buffer.from("console.log(0);\n"));

export function compressedSize(minified: Uint8Array): BundleSize {
  return {
    minified: minified.length,
    gzip: gzipSize(minified),
    brotli: brotliCompressSync(minified).length,
  };
}
