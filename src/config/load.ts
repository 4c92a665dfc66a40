import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

/** One file as it was found. `problem` says why there is no text. */
export type LoadedFile =
  | {
      readonly path: string;
      readonly text: string /** Named on a command line: `${ENV}` in its Secrets is expanded. False = it came through the resource API. */;
      readonly expandEnv: boolean;
    }
  | { readonly path: string; readonly problem: string };

/** A link that leads nowhere is no directory; reading it will say so. */
const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
const isYaml = (name: string): boolean => /\.ya?ml$/.test(name);

/**
 * Reads files and directories named on a command line, in that order; of directories every `*.yaml` and `*.yml` below them, sorted
 * by path. A file is read once however often it is named. Never throws: what cannot be read is a file with a `problem`.
 */
export function load(paths: readonly string[]): readonly LoadedFile[] {
  const files = new Map<string, LoadedFile>();
  const add = (file: LoadedFile): void => {
    const key = resolve(file.path);
    if (!files.has(key)) files.set(key, file);
  };
  for (const path of paths) {
    const found = yamlFiles(path);
    if ("problem" in found) add(found);
    else for (const file of found.paths) add(readFile(file));
  }
  return [...files.values()];
}

function yamlFiles(
  path: string,
): { readonly paths: readonly string[] } | { readonly path: string; readonly problem: string } {
  try {
    if (!statSync(path).isDirectory()) return { paths: [path] };
    const names = readdirSync(path, { recursive: true, encoding: "utf8" }).filter(isYaml);
    const paths = names.map((name) => join(path, name)).filter((file) => !isDirectory(file));
    if (paths.length === 0)
      return { path, problem: "the directory has no *.yaml or *.yml file; name one that has resources" };
    return { paths: paths.sort() };
  } catch (error) {
    return { path, problem: describe(error) };
  }
}

function readFile(path: string): LoadedFile {
  try {
    return { path, text: new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path)), expandEnv: true };
  } catch (error) {
    return { path, problem: describe(error) };
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory; check the path",
  EACCES: "permission denied; make it readable for this user",
  EPERM: "permission denied; make it readable for this user",
  EISDIR: "is a directory",
};

function describe(error: unknown): string {
  if ((error as NodeJS.ErrnoException).code === "ERR_ENCODING_INVALID_ENCODED_DATA")
    return "is not UTF-8 text; save it as UTF-8";
  const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
  return `cannot be read: ${reasons[code] ?? code}`;
}
