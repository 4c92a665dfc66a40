/** How long log streams outlive the last request at shutdown: Envoy reports what became of it a moment later (it flushes every 0.1 s). */
const lastReportsMs = 250;

/**
 * What a server that closes waits for: the exchanges in flight, and then not the log streams, which stay open for as long as Envoy
 * lives and are ended from here.
 */
export class OpenCalls {
  #exchanges = 0;
  /** Closes one log stream each. */
  readonly #logs = new Set<() => void>();
  #isClosing = false;

  exchangeOpened(): void {
    this.#exchanges++;
  }

  exchangeOver(): void {
    this.#exchanges--;
    this.#closeLogsIfIdle();
  }

  logOpened(close: () => void): void {
    this.#logs.add(close);
  }

  /** False when it was over before. */
  logOver(close: () => void): boolean {
    return this.#logs.delete(close);
  }

  close(): void {
    this.#isClosing = true;
    this.#closeLogsIfIdle();
  }

  #closeLogsIfIdle(): void {
    if (!this.#isClosing || this.#exchanges > 0 || this.#logs.size === 0) return;
    setTimeout(() => {
      for (const close of this.#logs) close();
    }, lastReportsMs);
  }
}
