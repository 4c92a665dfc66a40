/** While Envoy starts, what it refuses ends the start: there is no last good configuration to go on with. */
export class StartRefusal {
  #reject: ((reason: Error) => void) | undefined;

  told(reason: string): void {
    this.#reject?.(new Error(reason));
  }

  /** @throws Error with what Envoy says, if it refuses something before `start` settles */
  async during(start: Promise<void>): Promise<void> {
    const refused = new Promise<never>((_resolve, reject) => {
      this.#reject = reject;
    });
    // whoever loses the race has nobody who waits for it
    start.catch(() => undefined);
    refused.catch(() => undefined);
    try {
      await Promise.race([start, refused]);
    } finally {
      this.#reject = undefined;
    }
  }
}
