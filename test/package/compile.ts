import { dirname, join } from "node:path";
import ts from "typescript";
import { root } from "./tarball.ts";

/** Options of a tsconfig.json, by its path from the root, and the files that it includes. */
export function readProject(path: string): { files: string[]; options: ts.CompilerOptions } {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(root, path),
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
        throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"));
      },
    },
  );
  if (config === undefined) throw new Error(`${path} cannot be read`);
  return { files: config.fileNames, options: config.options };
}

/**
 * Compiles files without writing anything; `texts` are files that exist only here, by absolute path.
 * Answers the complaints as "file:line: message", by file; a file without complaints has an empty list.
 */
export function complaints(
  files: string[],
  options: ts.CompilerOptions,
  texts = new Map<string, string>(),
): Map<string, string[]> {
  // TypeScript's own libraries take most of the time, and are not ours to check.
  options = { ...options, skipDefaultLibCheck: true };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, directoryExists } = host;
  const folders = new Set([...texts.keys()].map((path) => dirname(path)));
  host.directoryExists = (path) => folders.has(path) || directoryExists?.(path) === true;
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  host.readFile = (path) => texts.get(path) ?? readFile(path);
  const program = ts.createProgram([...files, ...texts.keys()], options, host);

  const found = new Map([...files, ...texts.keys()].map((file) => [file, [] as string[]]));
  for (const { file, start = 0, messageText } of ts.getPreEmitDiagnostics(program)) {
    const name = file?.fileName ?? "options";
    const line = file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    const complaint = `${name}:${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    found.set(name, [...(found.get(name) ?? []), complaint]);
  }
  return found;
}
