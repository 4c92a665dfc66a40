const probeEveryMs = 500;
const probedAtOnce = 64;

export interface SlotHealthOptions {
  /** Asks a slot's server for something harmless; rejects when it does not answer. */
  readonly probe: (slot: number) => Promise<unknown>;
  /** Told when a slot does not answer twice in a row, and when all answer again. */
  readonly changed: (state: "connected" | "lost", reason: string) => void;
  /** Every slot that failed has answered since. */
  readonly whole: () => void;
}

/**
 * Whether all of a cluster answers. A slot that failed is asked again until it answers, so that a return is noticed although
 * nobody happens to use that slot.
 */
export class SlotHealth {
  readonly #options: SlotHealthOptions;
  readonly #failing = new Set<number>();
  #timer: NodeJS.Timeout | undefined;
  #probing = false;
  #state: "new" | "connected" | "lost" | "closed" = "new";

  constructor(options: SlotHealthOptions) {
    this.#options = options;
  }

  get allAnswer(): boolean {
    return this.#failing.size === 0;
  }

  failed(slot: number): void {
    this.#failing.add(slot);
    if (this.#state === "closed" || this.#timer !== undefined) return;
    this.#timer = setInterval(() => void this.#probe(), probeEveryMs).unref();
    void this.#probe();
  }

  answered(slot: number): void {
    if (this.#failing.delete(slot) || this.#state === "new") this.#found();
  }

  /** Nothing of the cluster can be reached. */
  lost(reason: string): void {
    this.#tell("lost", reason);
  }

  /** The client has connected. */
  reached(): void {
    this.#found();
  }

  close(): void {
    this.#state = "closed";
    clearInterval(this.#timer);
  }

  #found(): void {
    if (this.#failing.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#options.whole();
    this.#tell("connected", "");
  }

  async #probe(): Promise<void> {
    if (this.#probing) return;
    this.#probing = true;
    try {
      while (this.#failing.size > 0 && this.#state !== "closed") {
        const slots = [...this.#failing].slice(0, probedAtOnce);
        await Promise.all(slots.map((slot) => this.#options.probe(slot)));
        for (const slot of slots) this.answered(slot);
      }
    } catch (error) {
      // the next round asks again
      this.lost((error as Error).message);
    } finally {
      this.#probing = false;
    }
  }

  #tell(state: "connected" | "lost", reason: string): void {
    if (this.#state === state || this.#state === "closed") return;
    this.#state = state;
    this.#options.changed(state, reason);
  }
}
