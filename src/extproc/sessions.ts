import type { RuntimeConfig } from "../core/runtime-config.ts";
import type { AttemptReport, Session } from "./session.ts";

/** How long an ended session waits for what Envoy reports of its attempts (its log is flushed every 0.1 s). */
const reportWaitMs = 2_000;

export interface SessionsOptions {
  readonly maxSessions: number;
  /** Age at which a session that never ended is given up. */
  readonly maxAgeMs: number;
  readonly nowMs: () => number;
  /** Called once per session, when it has ended and its attempts were reported or waited for long enough. Never rejects. */
  readonly closed: (session: Session) => Promise<void>;
  /** Called for sessions that never ended. */
  readonly swept: (session: Session) => void;
}

/** All sessions by id: bounded, swept, and kept for a moment after their end so that late attempt reports find them. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #open = new Map<string, Session>();
  /** Ended sessions that wait for reports, with the time until which they wait. Insertion order is time order. */
  readonly #ended = new Map<string, { readonly session: Session; readonly untilMs: number }>();
  readonly #closing = new Set<Promise<void>>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Configurations that requests have begun with which are not over yet. */
  configs(): ReadonlySet<RuntimeConfig> {
    const configs = new Set<RuntimeConfig>();
    for (const session of this.#open.values()) configs.add(session.config);
    for (const { session } of this.#ended.values()) configs.add(session.config);
    return configs;
  }

  /** False when there are too many already. */
  add(session: Session): boolean {
    if (this.#open.size >= this.#options.maxSessions) return false;
    this.#open.set(session.id, session);
    return true;
  }

  find(id: string): Session | undefined {
    return this.#open.get(id);
  }

  /** The request is over. */
  end(session: Session): void {
    if (!this.#open.delete(session.id)) return;
    session.release();
    if (this.#complete(session)) this.#close(session);
    else this.#ended.set(session.id, { session, untilMs: this.#options.nowMs() + reportWaitMs });
  }

  report(id: string, report: AttemptReport): void {
    const ended = this.#ended.get(id);
    const session = ended?.session ?? this.#open.get(id);
    if (session === undefined) return;
    session.reported(report);
    if (ended !== undefined && this.#complete(session)) {
      this.#ended.delete(id);
      this.#close(session);
    }
  }

  /** Gives up waiting where it was long enough. Call it every second. */
  sweep(): void {
    const now = this.#options.nowMs();
    for (const [id, { session, untilMs }] of this.#ended) {
      if (untilMs > now) break;
      this.#ended.delete(id);
      this.#close(session);
    }
    for (const session of this.#open.values()) {
      if (session.startedMs + this.#options.maxAgeMs > now) break;
      this.#options.swept(session);
      this.end(session);
    }
  }

  /** Ends what is open, closes what waits, and resolves when all is closed; for shutdown. */
  async flush(): Promise<void> {
    for (const session of this.#open.values()) {
      session.outcome ??= { kind: "aborted" };
      this.end(session);
    }
    for (const { session } of this.#ended.values()) this.#close(session);
    this.#ended.clear();
    await Promise.all(this.#closing);
  }

  #close(session: Session): void {
    const closing = this.#options.closed(session).finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  #complete(session: Session): boolean {
    const { outcome } = session;
    if (!session.forwarded || outcome?.kind === "rejected" || outcome?.kind === "limited") return true;
    return session.reports.length >= (session.attemptCount ?? session.attempts.length);
  }
}
