/** How long lasting streams outlive the last request at shutdown: Envoy reports what became of it a moment later (it flushes every 0.1 s). */
const lastReportsMs = 250;

/**
 * What a server that closes waits for: the exchanges in flight, and not the lasting streams of logs and discovery, which stay open
 * for as long as Envoy lives and are ended from here.
 */
export class OpenCalls {
  #exchanges = 0;
  /** Closes one lasting stream each. */
  readonly #lasting = new Set<() => void>();
  #isClosing = false;

  exchangeOpened(): void {
    this.#exchanges++;
  }

  exchangeOver(): void {
    this.#exchanges--;
    this.#closeLastingIfIdle();
  }

  lastingOpened(close: () => void): void {
    this.#lasting.add(close);
  }

  /** False when it was over before. */
  lastingOver(close: () => void): boolean {
    return this.#lasting.delete(close);
  }

  close(): void {
    this.#isClosing = true;
    this.#closeLastingIfIdle();
  }

  #closeLastingIfIdle(): void {
    if (!this.#isClosing || this.#exchanges > 0 || this.#lasting.size === 0) return;
    setTimeout(() => {
      for (const close of this.#lasting) close();
    }, lastReportsMs);
  }
}
