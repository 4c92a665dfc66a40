import type { ObjectFiles } from "../../src/resources/object-files.ts";
import { keyText, type ObjectKey } from "../../src/resources/stored-object.ts";

/** Files that a test can look into, and that can be made to fail. */
export class MemoryFiles implements ObjectFiles {
  readonly texts = new Map<string, string>();
  versionBound = 0;
  boundWrites = 0;
  broken = false;

  pathOf(key: ObjectKey): string {
    return `kept/${keyText(key)}.yaml`;
  }

  readAll(): readonly { readonly path: string; readonly text: string }[] {
    return [...this.texts].map(([path, text]) => ({ path, text }));
  }

  async write(key: ObjectKey, text: string): Promise<void> {
    if (this.broken) throw new Error("ENOSPC: the disk is full");
    this.texts.set(this.pathOf(key), text);
  }

  async remove(key: ObjectKey): Promise<void> {
    if (this.broken) throw new Error("EIO");
    this.texts.delete(this.pathOf(key));
  }

  readVersionBound(): number {
    return this.versionBound;
  }

  async writeVersionBound(version: number): Promise<void> {
    this.boundWrites++;
    this.versionBound = version;
  }
}
