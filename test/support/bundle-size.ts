import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

/** In bytes. */
export interface BundleSize {
  minified: number;
  gzip: number;
  brotli: number;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * What a module brings into an app, with everything it imports.
 *
 * @param entry a path in this repository, or a package
 * @param external packages that the app has already
 */
export async function bundleSize(entry: string, external: string[]): Promise<BundleSize> {
  const { outputFiles } = await bundle(entry, external);
  return compressedSize(outputFiles[0]?.contents ?? new Uint8Array());
}

/** Minified bytes of each file in such a bundle, the heaviest first. */
export async function bundleParts(
  entry: string,
  external: string[],
): Promise<[file: string, bytes: number][]> {
  const { metafile } = await bundle(entry, external);
  return Object.values(metafile.outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .map(([file, { bytesInOutput }]): [string, number] => [file, bytesInOutput])
    .sort(([, a], [, b]) => b - a);
}

function bundle(entry: string, external: string[]) {
  return build({
    stdin: { contents: `export * from ${JSON.stringify(entry)}`, resolveDir: root },
    external,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    metafile: true,
  });
}

export function compressedSize(minified: Uint8Array): BundleSize {
  return {
    minified: minified.length,
    gzip: gzipSync(minified, { level: 9 }).length,
    brotli: brotliCompressSync(minified).length,
  };
}
