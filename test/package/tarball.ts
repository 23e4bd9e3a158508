import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Tarball {
  path: string;
  /** Paths inside the package. */
  files: string[];
}

declare module "vitest" {
  interface ProvidedContext {
    tarball: Tarball;
  }
}
