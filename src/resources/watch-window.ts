import type { ObjectKey, StoredObject } from "./stored-object.ts";

/** What became of an object. Of a deleted one, `object` is its last state with the version of the deletion. */
export interface StoreEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly key: ObjectKey;
  readonly object: StoredObject;
  readonly version: number;
}

/** The latest events, for watchers that come back, and whoever listens to the next ones. */
export class WatchWindow {
  readonly #capacity: number;
  readonly #events: StoreEvent[] = [];
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  /** Every event after this version is in the window. */
  #completeSince: number;

  /** `startVersion`: of the state that the first event changes. */
  constructor(startVersion: number, capacity: number) {
    this.#completeSince = startVersion;
    this.#capacity = capacity;
  }

  add(event: StoreEvent): void {
    this.#events.push(event);
    if (this.#events.length > this.#capacity) this.#completeSince = this.#events.shift()?.version ?? 0;
    for (const listener of this.#listeners) listener(event);
  }

  /** Whether every event after `version` is still known. */
  remembers(version: number): boolean {
    return version >= this.#completeSince;
  }

  /** Tells `listener` every event after `version` that is known, those of the past at once, until the returned function is called. */
  follow(version: number, listener: (event: StoreEvent) => void): () => void {
    for (const event of this.#events) if (event.version > version) listener(event);
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
