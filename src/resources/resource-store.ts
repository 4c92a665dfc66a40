import { isDeepStrictEqual } from "node:util";
import { parseDocument, stringify } from "yaml";
import type { ObjectFiles } from "./object-files.ts";
import { keyOf, keyText, type ObjectKey, type ObjectMetadata, type StoredObject } from "./stored-object.ts";
import { type StoreEvent, WatchWindow } from "./watch-window.ts";

/** Versions are promised to the disk in blocks, so that not every change of a status writes a file. */
const versionBlock = 1_000;
const windowCapacity = 1_000;

/** One object's text and where it is, as configuration reads it. */
export interface ObjectText {
  readonly path: string;
  readonly text: string;
}

interface Entry {
  readonly key: ObjectKey;
  readonly object: StoredObject;
  readonly text: string;
}

/** What goes to disk, and into the configuration. */
export function objectText(object: StoredObject): string {
  const { status: _, ...kept } = object;
  return stringify(kept, { version: "1.2", aliasDuplicateObjects: false, lineWidth: 0 });
}

/** Undefined = somebody else's text; the configuration says what is wrong with it. */
function readObject(text: string): StoredObject | undefined {
  const document = parseDocument(text, { version: "1.2" });
  if (document.errors.length > 0) return undefined;
  const value = document.toJS() as Partial<StoredObject> | null;
  const metadata = value?.metadata as Partial<ObjectMetadata> | null | undefined;
  const isOurs =
    typeof value?.apiVersion === "string" &&
    typeof value.kind === "string" &&
    typeof metadata?.name === "string" &&
    typeof metadata.uid === "string" &&
    typeof metadata.resourceVersion === "string" &&
    typeof metadata.generation === "number" &&
    typeof metadata.creationTimestamp === "string";
  return isOurs ? (value as StoredObject) : undefined;
}

/** The objects that were applied to a gateway, kept on disk; every change has a version and is told to watchers. */
export class ResourceStore {
  readonly #files: ObjectFiles;
  readonly #entries = new Map<string, Entry>();
  readonly #foreign: readonly ObjectText[];
  readonly #window: WatchWindow;
  #version: number;
  #versionBound: number;
  #queue: Promise<unknown> = Promise.resolve();

  /** Reads what is kept and writes nothing yet. @throws what the files throw when they cannot be read */
  constructor(files: ObjectFiles) {
    this.#files = files;
    const foreign: ObjectText[] = [];
    for (const { path, text } of files.readAll()) {
      const object = readObject(text);
      if (object === undefined || files.pathOf(keyOf(object)) !== path) foreign.push({ path, text });
      else this.#entries.set(keyText(keyOf(object)), { key: keyOf(object), object, text });
    }
    this.#foreign = foreign;
    this.#versionBound = files.readVersionBound();
    const versions = [...this.#entries.values()].map(({ object }) => Number(object.metadata.resourceVersion));
    // 1 at least: to clients 0 means "any"
    this.#version = Math.max(1, this.#versionBound, ...versions.filter(Number.isSafeInteger));
    this.#window = new WatchWindow(this.#version, windowCapacity);
  }

  /** Of the latest change. */
  get version(): number {
    return this.#version;
  }

  get(key: ObjectKey): StoredObject | undefined {
    return this.#entries.get(keyText(key))?.object;
  }

  /** Sorted by namespace and name. */
  list(wanted: {
    readonly group?: string;
    readonly kind?: string;
    readonly namespace?: string;
  }): readonly StoredObject[] {
    const found = [...this.#entries.values()].filter(
      ({ key }) =>
        (wanted.group === undefined || wanted.group === key.group) &&
        (wanted.kind === undefined || wanted.kind === key.kind) &&
        (wanted.namespace === undefined || wanted.namespace === key.namespace),
    );
    found.sort((a, b) => (keyText(a.key) < keyText(b.key) ? -1 : 1));
    return found.map(({ object }) => object);
  }

  pathOf(key: ObjectKey): string {
    return this.#files.pathOf(key);
  }

  /** Every object's text; with `changed` and `without` as it would be after a change. */
  texts(change: { readonly changed?: StoredObject; readonly without?: ObjectKey } = {}): readonly ObjectText[] {
    const texts = new Map([...this.#entries].map(([id, { key, text }]) => [id, { path: this.pathOf(key), text }]));
    if (change.without !== undefined) texts.delete(keyText(change.without));
    if (change.changed !== undefined) {
      const key = keyOf(change.changed);
      texts.set(keyText(key), { path: this.pathOf(key), text: objectText(change.changed) });
    }
    return [...this.#foreign, ...texts.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** One at a time: whoever reads, decides and writes must see no change in between. */
  async exclusively<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(action);
    this.#queue = result.catch(() => undefined);
    return await result;
  }

  /** Keeps an object, new or changed; returned with its version. Called inside `exclusively`. */
  async put(object: StoredObject): Promise<StoredObject> {
    const key = keyOf(object);
    const before = this.#entries.get(keyText(key));
    const version = await this.#nextVersion();
    const kept = withVersion(object, version);
    const text = objectText(kept);
    await this.#files.write(key, text);
    this.#entries.set(keyText(key), { key, object: kept, text });
    this.#tell(before === undefined ? "ADDED" : "MODIFIED", key, kept, version);
    return kept;
  }

  /** Forgets an object; undefined = there was none. Called inside `exclusively`. */
  async remove(key: ObjectKey): Promise<StoredObject | undefined> {
    const entry = this.#entries.get(keyText(key));
    if (entry === undefined) return undefined;
    const version = await this.#nextVersion();
    await this.#files.remove(key);
    this.#entries.delete(keyText(key));
    const last = withVersion(entry.object, version);
    this.#tell("DELETED", key, last, version);
    return last;
  }

  /** Watchers are told only when it is another one than before. Called inside `exclusively`. */
  async setStatus(key: ObjectKey, status: unknown): Promise<void> {
    const entry = this.#entries.get(keyText(key));
    if (entry === undefined || isDeepStrictEqual(entry.object.status, status)) return;
    const version = await this.#nextVersion();
    const object = withVersion({ ...entry.object, status }, version);
    this.#entries.set(keyText(key), { ...entry, object });
    this.#tell("MODIFIED", key, object, version);
  }

  /** As `WatchWindow.remembers`. */
  remembers(version: number): boolean {
    return this.#window.remembers(version);
  }

  /** As `WatchWindow.follow`. */
  follow(version: number, listener: (event: StoreEvent) => void): () => void {
    return this.#window.follow(version, listener);
  }

  #tell(type: StoreEvent["type"], key: ObjectKey, object: StoredObject, version: number): void {
    this.#version = version;
    this.#window.add({ type, key, object, version });
  }

  async #nextVersion(): Promise<number> {
    const version = this.#version + 1;
    if (version > this.#versionBound) {
      await this.#files.writeVersionBound(version + versionBlock);
      this.#versionBound = version + versionBlock;
    }
    return version;
  }
}

function withVersion(object: StoredObject, version: number): StoredObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
}
