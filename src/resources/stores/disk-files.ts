import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { ObjectFiles } from "../object-files.ts";
import type { ObjectKey } from "../stored-object.ts";

/** No YAML, so that nobody reads it as a resource. */
const versionFile = "version-bound";
/** File systems end at 255 bytes, names at 253. */
const longestName = 200;

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ENOENT";

function shortened(name: string): string {
  if (name.length <= longestName) return name;
  return `${name.slice(0, longestName)}-${createHash("sha256").update(name).digest("hex").slice(0, 16)}`;
}

/**
 * `<directory>/<kind>.<group>/<namespace>/<name>.yaml`. Folders are for their owner alone (0700) and so is every file (0600): some are
 * Secrets. A file is written beside its place, forced to disk and renamed, so a crash leaves the old text or the new one.
 */
export class DiskFiles implements ObjectFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  pathOf({ group, kind, namespace, name }: ObjectKey): string {
    const folder = group === "" ? kind.toLowerCase() : `${kind.toLowerCase()}.${group}`;
    // "_" is no name of a namespace
    return join(this.#directory, folder, namespace === "" ? "_cluster" : namespace, `${shortened(name)}.yaml`);
  }

  readAll(): readonly { readonly path: string; readonly text: string }[] {
    let names: string[];
    try {
      names = readdirSync(this.#directory, { recursive: true, encoding: "utf8" });
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
    const paths = names.filter((name) => name.endsWith(".yaml")).map((name) => join(this.#directory, name));
    return paths.map((path) => ({ path, text: readFileSync(path, "utf8") }));
  }

  async write(key: ObjectKey, text: string): Promise<void> {
    await this.#write(this.pathOf(key), text);
  }

  async remove(key: ObjectKey): Promise<void> {
    const path = this.pathOf(key);
    await rm(path, { force: true });
    await syncFolder(dirname(path));
  }

  readVersionBound(): number {
    try {
      const version = Number(readFileSync(join(this.#directory, versionFile), "utf8"));
      return Number.isSafeInteger(version) ? version : 0;
    } catch (error) {
      if (isMissing(error)) return 0;
      throw error;
    }
  }

  async writeVersionBound(version: number): Promise<void> {
    await this.#write(join(this.#directory, versionFile), `${version}\n`);
  }

  async #write(path: string, text: string): Promise<void> {
    // names are checked before they come here; this is the last door
    if (relative(this.#directory, path).startsWith("..")) throw new Error("an object's name leads out of the folder");
    const folder = dirname(path);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const beside = `${path}.new`;
    // whatever a crash left there has perhaps another mode
    await rm(beside, { force: true });
    const file = await open(beside, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
    await syncFolder(folder);
  }
}

/** A rename is on disk when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
