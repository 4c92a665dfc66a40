/** Requests that wait for budgets, first come first served within this process (limits.md L35). */
export class WaitingLines {
  readonly #lines = new Map<string, object[]>();

  isWaiting(key: string): boolean {
    return this.#lines.has(key);
  }

  /** Joins the end of a line. */
  join(key: string): { readonly isFirst: () => boolean; readonly leave: () => void } {
    const ticket = {};
    const line = this.#lines.get(key) ?? [];
    this.#lines.set(key, line);
    line.push(ticket);
    return {
      isFirst: () => line[0] === ticket,
      leave: () => {
        const position = line.indexOf(ticket);
        if (position >= 0) line.splice(position, 1);
        if (line.length === 0 && this.#lines.get(key) === line) this.#lines.delete(key);
      },
    };
  }
}
