const mostNames = 10_000;

/** Keeps metrics bounded: values of requests may be part of a name, if the configuration asks for it. */
export class MetricNames {
  readonly #names = new Set<string>();

  /** The name, or `other` when there are too many already. */
  take(name: string): string {
    if (this.#names.size < mostNames) this.#names.add(name);
    return this.#names.has(name) ? name : "other";
  }
}
