import { Counter, Gauge, Registry } from "prom-client";

/** Every counter of ours: name without the prefix `tollgate_`, help, labels. */
const counters = {
  requests_total: { help: "Client requests by outcome", labels: ["route", "outcome"] },
  attempts_total: { help: "Upstream attempts by backend and outcome", labels: ["backend", "outcome"] },
  fallbacks_total: { help: "Attempts after the first, by the reason that the one before failed", labels: ["reason"] },
  refusals_total: { help: "Requests refused by a limit", labels: ["rule"] },
  shadow_refusals_total: { help: "Requests that a limit in shadow mode would have refused", labels: ["rule"] },
  quota_refusals_total: {
    help: "Backends left out of a request's plan because a quota of theirs is used up",
    labels: ["quota"],
  },
  descriptor_hits_total: {
    help: "Hits on limits of the standard rate-limit service's configuration; outcome = within_limit, over_limit, shadow_mode",
    labels: ["descriptor", "outcome"],
  },
  requests_without_account_total: {
    help: "Requests that a limit rule did not apply to because a selector was missing",
    labels: ["rule"],
  },
  translation_notes_total: { help: "Oddities of provider answers", labels: ["note"] },
  cost_capped_total: { help: "Costs cut to the largest value that Envoy carries (1e9)", labels: ["key"] },
  cost_failed_total: {
    help: "Cost expressions that could not be computed; total tokens were charged",
    labels: ["key"],
  },
  cost_unpriced_total: {
    help: "Answers of models that have no price, charged in USD at the dearest rates; other = a name that no route names",
    labels: ["backend", "model"],
  },
  cost_tier_unpriced_total: {
    help: "Answers served by a dearer service tier without rates of its own, charged in USD at the ordinary ones",
    labels: ["backend", "model", "tier"],
  },
  usage_estimated_total: { help: "Answers whose provider told no usage; an estimate was charged", labels: ["backend"] },
  usage_ignored_total: { help: "Usage counters of providers that were negative or not numbers", labels: ["backend"] },
  unconfirmed_tokens_total: {
    help: "Tokens in the last reply of requests that broke off: at most these were used and not charged to rate limits",
    labels: [],
  },
  budget_refusals_total: { help: "Requests refused by a budget", labels: ["budget"] },
  budget_shadow_refusals_total: {
    help: "Requests that a budget in shadow mode would have refused",
    labels: ["budget"],
  },
  budget_overruns_total: { help: "Requests that were billed more than they were allowed to cost", labels: ["budget"] },
  budget_expired_holds_total: {
    help: "Holds of vanished gateways that this one settled; verdict = metered, unknown",
    labels: ["verdict"],
  },
  store_errors_total: { help: "Calls that the rate-limit store did not answer in time", labels: ["mode"] },
  journal_dropped_total: { help: "Charges dropped because the journal of unsaved charges was full", labels: [] },
  ledger_dropped_total: { help: "Requests whose entry in the ledger was lost: their receipts are missing", labels: [] },
  ledger_skipped_total: { help: "Stored lines that are no entry of a ledger, counted whenever one is met", labels: [] },
  budget_outage_decisions_total: {
    help: "Reservations and extensions decided while the budget store was away; mode = the strictest onStoreFailure of the request, outcome = passed, refused",
    labels: ["mode", "outcome"],
  },
  budget_journal_dropped_total: {
    help: "Settlements and bookings that the budget store never got: there were too many while it was away, or it refused them",
    labels: [],
  },
  unknown_limit_total: { help: "Rate-limit descriptors that named no rule we know", labels: [] },
  config_reloads_total: {
    help: "Changes of the configuration; outcome = applied, invalid, refused_by_envoy",
    labels: ["outcome"],
  },
  sessions_swept_total: { help: "Sessions that never ended and were removed", labels: [] },
} as const;

const gauges = {
  config_version: { help: "1 for the version of the configuration in force", labels: ["version"] },
  config_last_reload_success_timestamp_seconds: {
    help: "When the configuration in force was put into force, in seconds since 1970",
    labels: [],
  },
  sessions: { help: "Client requests in flight", labels: [] },
  store_durable: {
    help: "1 = the budget store keeps what it acknowledged through a crash (appendonly yes, appendfsync always); 0 = it does not, or nobody can tell",
    labels: [],
  },
  budget_store_away: { help: "1 = the budget store is away or has lost its data; onStoreFailure applies", labels: [] },
  budget_journal_entries: { help: "Settlements and bookings that wait for the budget store", labels: [] },
  budget_leased_accounts: { help: "Accounts of which a slice is leased in advance", labels: [] },
  budget_lease_bound: {
    help: "The most that an account of a budget with onStoreFailure Lease can be overspent by, per gateway and window (nano-USD, tokens or what the budget counts)",
    labels: ["budget"],
  },
} as const;

export type CounterName = keyof typeof counters;
export type GaugeName = keyof typeof gauges;

/** Counts things for Prometheus. Labels must come from bounded sets: never user ids, never secrets. */
export class Metrics {
  readonly registry = new Registry();
  readonly #counters = new Map<CounterName, Counter>();
  readonly #gauges = new Map<GaugeName, Gauge>();

  constructor() {
    for (const [name, { help, labels }] of Object.entries(counters)) {
      const counter = new Counter({
        name: `tollgate_${name}`,
        help,
        labelNames: [...labels],
        registers: [this.registry],
      });
      this.#counters.set(name as CounterName, counter);
    }
    for (const [name, { help, labels }] of Object.entries(gauges)) {
      const gauge = new Gauge({ name: `tollgate_${name}`, help, labelNames: [...labels], registers: [this.registry] });
      this.#gauges.set(name as GaugeName, gauge);
    }
  }

  increment(name: CounterName, labels: Readonly<Record<string, string>> = {}, by = 1): void {
    this.#counters.get(name)?.inc(labels, by);
  }

  set(name: GaugeName, value: number, labels: Readonly<Record<string, string>> = {}): void {
    this.#gauges.get(name)?.set(labels, value);
  }

  /** Sets the one series that a gauge has; the one before, of other labels, is gone. */
  replace(name: GaugeName, value: number, labels: Readonly<Record<string, string>>): void {
    this.#gauges.get(name)?.reset();
    this.#gauges.get(name)?.set(labels, value);
  }

  /** Prometheus text format. */
  render(): Promise<string> {
    return this.registry.metrics();
  }
}
