/** How a stream came to its end: what still comes for one that we reset was on its way and is no offence. */
export type ClosedBy = "us" | "peer";

const remembered = 1_024;

/** The streams that were closed last. Asked only about frames that should not have come. */
export class ClosedStreams {
  readonly #ids = new Uint32Array(remembered);
  readonly #byUs = new Uint8Array(remembered);
  #next = 0;

  add(id: number, by: ClosedBy): void {
    this.#ids[this.#next] = id;
    this.#byUs[this.#next] = by === "us" ? 1 : 0;
    this.#next = (this.#next + 1) % remembered;
  }

  /** Undefined: never opened, or too long ago. */
  find(id: number): ClosedBy | undefined {
    const place = this.#ids.indexOf(id);
    if (place < 0) return undefined;
    return this.#byUs[place] === 1 ? "us" : "peer";
  }
}
