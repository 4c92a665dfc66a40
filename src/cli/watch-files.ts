import { type FSWatcher, readdirSync, realpathSync, statSync, watch } from "node:fs";
import { basename, dirname, join } from "node:path";

export interface WatchTimes {
  /** Writing several files is one change: it is told when nothing more has happened for so long. */
  readonly quietMs: number;
  /** It is told after so long although more happens. */
  readonly patienceMs: number;
  /** Not every file system tells of changes: it is looked at so often in any case. */
  readonly pollMs: number;
}

const usualTimes: WatchTimes = { quietMs: 100, patienceMs: 500, pollMs: 2_000 };

/** Names of files that hold no resources, such as logs and what editors leave. Directories and links have no such names. */
const uninteresting = /\.(?!ya?ml$)[^./]+$/;

/** Directories to watch, each with the names that count in it; undefined = all. */
type Places = Map<string, Set<string> | undefined>;

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function addFile(path: string, places: Places): void {
  const directory = dirname(path);
  const names = places.get(directory) ?? new Set<string>();
  if (places.has(directory) && places.get(directory) === undefined) return;
  places.set(directory, names.add(basename(path)));
}

/** A mounted ConfigMap or Secret is changed by turning a link in its directory, which none of its files notices. */
function addBehindLinks(path: string, places: Places): void {
  try {
    const real = realpathSync(path);
    if (real !== path) addFile(real, places);
  } catch {
    // it is not there now; its directory is watched
  }
}

function placesOf(paths: readonly string[]): Places {
  const places: Places = new Map();
  for (const path of paths.filter(isDirectory)) {
    places.set(path, undefined);
    for (const name of readdirSync(path, { recursive: true, encoding: "utf8" })) {
      const below = join(path, name);
      if (isDirectory(below)) places.set(below, undefined);
      else addBehindLinks(below, places);
    }
  }
  for (const path of paths.filter((one) => !isDirectory(one))) {
    addFile(path, places);
    addBehindLinks(path, places);
  }
  return places;
}

/**
 * Watches the files and directories named with -f, and tells that something may have changed: also too often, never too rarely.
 */
export class FileWatch {
  readonly #paths: readonly string[];
  readonly #changed: () => void;
  readonly #times: WatchTimes;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #poll: NodeJS.Timeout;
  #places: Places = new Map();
  #quiet: NodeJS.Timeout | undefined;
  #sinceMs: number | undefined;

  constructor(paths: readonly string[], changed: () => void, times: WatchTimes = usualTimes) {
    this.#paths = paths;
    this.#changed = changed;
    this.#times = times;
    this.#look();
    this.#poll = setInterval(() => this.#tell(), times.pollMs).unref();
  }

  close(): void {
    clearInterval(this.#poll);
    clearTimeout(this.#quiet);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #happened(directory: string, name: string | null): void {
    const names = this.#places.get(directory);
    const counts =
      name === null || (names === undefined ? !uninteresting.test(name) : names.has(name) || name.startsWith(".."));
    if (!counts) return;
    const nowMs = performance.now();
    this.#sinceMs ??= nowMs;
    const waitMs = Math.max(0, Math.min(this.#times.quietMs, this.#sinceMs + this.#times.patienceMs - nowMs));
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#tell(), waitMs).unref();
  }

  #tell(): void {
    clearTimeout(this.#quiet);
    this.#sinceMs = undefined;
    this.#look();
    this.#changed();
  }

  /** Watches the directories that there are now. One that cannot be watched (too many are, elsewhere) is seen by polling. */
  #look(): void {
    try {
      this.#places = placesOf(this.#paths);
    } catch {
      return; // a directory that vanished in this moment: next time
    }
    for (const [directory, watcher] of this.#watchers) {
      if (this.#places.has(directory)) continue;
      watcher.close();
      this.#watchers.delete(directory);
    }
    for (const directory of this.#places.keys()) {
      if (this.#watchers.has(directory)) continue;
      try {
        const watcher = watch(directory, { persistent: false }, (_event, name) => this.#happened(directory, name));
        const gone = (): void => void this.#watchers.delete(directory);
        watcher.on("error", gone).on("close", gone);
        this.#watchers.set(directory, watcher);
      } catch {
        // see above
      }
    }
  }
}
