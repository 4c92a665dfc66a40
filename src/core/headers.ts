/** On a refusal on its way from the rate-limit service to the router's exchange: the limit that refused. Clients never see it. */
export const refusedByHeader = "x-tollgate-refused-by";

/** HTTP headers as Tollgate handles them: names in lower case, every value kept, order kept. */
export class Headers {
  readonly #values = new Map<string, string[]>();

  constructor(entries: Iterable<readonly [string, string]> = []) {
    for (const [name, value] of entries) this.append(name, value);
  }

  append(name: string, value: string): void {
    const key = name.toLowerCase();
    const values = this.#values.get(key);
    if (values === undefined) this.#values.set(key, [value]);
    else values.push(value);
  }

  /** The value, several joined with `, ` (RFC 9110 §5.3); undefined when the header is absent. */
  get(name: string): string | undefined {
    return this.#values.get(name.toLowerCase())?.join(", ");
  }

  /** Every value as it was sent, in order; empty when the header is absent. */
  all(name: string): readonly string[] {
    return this.#values.get(name.toLowerCase()) ?? [];
  }

  has(name: string): boolean {
    return this.#values.has(name.toLowerCase());
  }

  names(): string[] {
    return [...this.#values.keys()];
  }
}

/** What to do to a header map: `set` replaces all values of a name, `remove` deletes it. Names in lower case. */
export interface HeaderPatch {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

export const emptyPatch: HeaderPatch = { set: {}, remove: [] };
