import type { BudgetRule } from "../core/budget.ts";
import type { LimitRule, RuntimeConfig } from "../core/runtime-config.ts";

/** A configuration without requests stays known for so long: charges and retries of its last ones may still be on their way. */
const settleMs = 5_000;
/** More former configurations than this are not kept, whatever still uses them. */
const maxFormer = 200;

/** What became of a change. */
export type Change =
  | { readonly kind: "applied"; readonly remarks: readonly string[] }
  /** Envoy does not take it, and goes on with the last good one. */
  | { readonly kind: "refused"; readonly reason: string };

/** The side of Envoy that a configuration changes. */
export interface EnvoySide {
  /** Has `next` served beside `others`, whose requests are not over. Settles when it is, or when it is refused and nothing has changed. */
  apply(next: RuntimeConfig, others: readonly RuntimeConfig[]): Promise<Change>;
  /** Has only these served from now on. */
  keep(configs: readonly RuntimeConfig[]): void;
}

export interface LiveConfigurationOptions {
  readonly config: RuntimeConfig;
  readonly nowMs: () => number;
  /** Configurations that requests in flight began with. */
  readonly inUse: () => ReadonlySet<RuntimeConfig>;
  /** What takes long and must be done before the first request under a configuration. */
  readonly prepare: (config: RuntimeConfig) => Promise<void>;
  /** Undefined = an Envoy that somebody else configures. */
  readonly envoy: EnvoySide | undefined;
}

interface Former {
  readonly config: RuntimeConfig;
  /** Since when nothing uses it. */
  unusedSinceMs: number;
}

/**
 * The configuration in force, and those before it as long as requests that began with them are in flight: a request finishes under
 * the one that it began with, and what it is charged to is still known.
 */
export class LiveConfiguration {
  readonly #options: LiveConfigurationOptions;
  #current: RuntimeConfig;
  #next: RuntimeConfig | undefined;
  /** The latest last. */
  #former: readonly Former[] = [];

  constructor(options: LiveConfigurationOptions) {
    this.#options = options;
    this.#current = options.config;
  }

  get current(): RuntimeConfig {
    return this.#current;
  }

  /** In force, about to be, or formerly and still in use; the latest first. */
  get known(): readonly RuntimeConfig[] {
    const former = this.#former.map(({ config }) => config).reverse();
    return this.#next === undefined ? [this.#current, ...former] : [this.#next, this.#current, ...former];
  }

  /** The known one of this version, else the one in force. */
  of(version: string | undefined): RuntimeConfig {
    return this.known.find((config) => config.version === version) ?? this.#current;
  }

  findLimit(id: string): LimitRule | undefined {
    // the one in force says how much a limit allows that was changed
    const { limits } = this.#current;
    return limits.get(id) ?? this.known.map((config) => config.limits.get(id)).find((rule) => rule !== undefined);
  }

  findBudget(id: string): BudgetRule | undefined {
    const { budgets } = this.#current;
    return budgets.get(id) ?? this.known.map((config) => config.budgets.get(id)).find((budget) => budget !== undefined);
  }

  /** Makes `next` the one in force. Only one change at a time. */
  async change(next: RuntimeConfig): Promise<Change> {
    // going back to one that is still in use is going back to that very one
    const config = this.known.find(({ version }) => version === next.version) ?? next;
    if (config === this.#current) return { kind: "applied", remarks: [] };
    await this.#options.prepare(config);
    // before Envoy knows it: the first request under it may come before Envoy's word that it has it
    this.#next = config;
    try {
      const change = (await this.#options.envoy?.apply(config, this.known.slice(1))) ?? {
        kind: "applied",
        remarks: [],
      };
      if (change.kind === "applied") this.#swap(config);
      return change;
    } finally {
      this.#next = undefined;
      // former ones may have been forgotten meanwhile
      this.#options.envoy?.keep(this.known);
    }
  }

  /** Forgets former configurations that nothing uses any more. Call it every second. */
  tend(): void {
    if (this.#former.length === 0) return;
    const nowMs = this.#options.nowMs();
    const inUse = this.#options.inUse();
    for (const former of this.#former) if (inUse.has(former.config)) former.unusedSinceMs = nowMs;
    const kept = this.#former.filter(({ unusedSinceMs }) => nowMs - unusedSinceMs < settleMs).slice(-maxFormer);
    if (kept.length === this.#former.length) return;
    this.#former = kept;
    // a change that is under way says itself what is served
    if (this.#next === undefined) this.#options.envoy?.keep(this.known);
  }

  #swap(config: RuntimeConfig): void {
    const former = this.#former.filter((one) => one.config !== config);
    this.#former = [...former, { config: this.#current, unusedSinceMs: this.#options.nowMs() }];
    this.#current = config;
  }
}
