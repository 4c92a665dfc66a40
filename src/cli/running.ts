/** Thrown into what is being started when everything is to stop. */
export class Stopped extends Error {
  constructor() {
    super("stopped");
    this.name = "Stopped";
  }
}

/** What was started, to be stopped in reverse order. */
export class Running {
  readonly #stops: (() => Promise<void> | void)[] = [];
  readonly #abort = new AbortController();

  /** Aborts what is being started. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /**
   * `stop` ends what was just started; it is called at once if everything is stopping already.
   * @throws Stopped then
   */
  async add(stop: () => Promise<void> | void): Promise<void> {
    if (this.#abort.signal.aborted) {
      await stop();
      throw new Stopped();
    }
    this.#stops.push(stop);
  }

  /** @throws the first error of a stop, after all others were tried */
  async stop(): Promise<void> {
    this.#abort.abort();
    const errors: unknown[] = [];
    for (const stop of this.#stops.splice(0).reverse()) {
      try {
        await stop();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
