import type {
  AccountQuery,
  BudgetStore,
  Closed,
  ExpireCall,
  ExpiredHold,
  ExtendCall,
  MeterCall,
  MeterState,
  Refused,
  ReserveCall,
  Reserved,
  SettleCall,
  Settled,
  Standing,
  UnknownSession,
} from "../budget-store.ts";
import { checkAmounts, checkReserveCall } from "../check-call.ts";
import type { LedgerRecord } from "../ledger/segment.ts";
import { BudgetJournal } from "./budget-journal.ts";
import { MemoryBudgetStore } from "./memory.ts";
import type { MemoryEntry } from "./memory-entry.ts";
import { decodeEntry, encodeEntry, type PlainEntry } from "./memory-entry-wire.ts";
import { decodeOperation, type Operation } from "./operation-wire.ts";
import { readJournal } from "./read-journal.ts";
import { asWire } from "./wire.ts";

export interface EmbeddedBudgetStoreOptions {
  /** Of this process alone, which the caller makes sure of. Made when it is missing. */
  readonly directory: string;
  readonly nowMs: () => number;
  /**
   * `never` (default): what was answered is with the operating system, so it survives the end of this process, kill -9 included.
   * `always`: it is on the disk (fdatasync; who waits together shares one), so it survives a power cut.
   */
  readonly sync?: "always" | "never";
  /** A segment that grew by this much beyond its snapshot, and by as much as that, is followed by a new one. */
  readonly segmentBytes?: number;
  /** Told when budgets can no longer be written, when they can be again, and what was damaged at the start. */
  readonly onTrouble?: (message: string) => void;
}

/** An operation as a line of the journal; the line has its number, too. */
type Journaled = Operation & { readonly atMs: number } & LedgerRecord;

/** The time of the call that the memory store works on. */
interface Clock {
  atMs: number;
}

const defaultSegmentBytes = 16 * 1_024 * 1_024;

/**
 * Budgets in this process that survive its end (limits.md L39): a MemoryBudgetStore whose calls are written down, with the time at
 * which each was decided, before they have their effect. A restart repeats them.
 *
 * While the disk fails, reserve, extend and expire throw BudgetStoreUnavailable; settle and meter go on in memory, and reach the
 * disk with the next snapshot. Should the process end before, their holds expire (L32).
 */
export class EmbeddedBudgetStore implements BudgetStore {
  readonly #nowMs: () => number;
  readonly #clock: Clock;
  readonly #memory: MemoryBudgetStore;
  readonly #journal: BudgetJournal;

  private constructor(nowMs: () => number, clock: Clock, memory: MemoryBudgetStore, journal: BudgetJournal) {
    this.#nowMs = nowMs;
    this.#clock = clock;
    this.#memory = memory;
    this.#journal = journal;
  }

  /**
   * Opens what an earlier process left, wherever it was cut off.
   * @throws Error of the file system, or about another version's format
   */
  static async open(options: EmbeddedBudgetStoreOptions): Promise<EmbeddedBudgetStore> {
    const {
      directory,
      nowMs,
      sync = "never",
      segmentBytes = defaultSegmentBytes,
      onTrouble = () => undefined,
    } = options;
    const clock: Clock = { atMs: 0 };
    const memory = new MemoryBudgetStore(() => clock.atMs);
    const end = await readJournal(directory, {
      entry: (record) => memory.restore(decodeEntry(asWire<PlainEntry & LedgerRecord>(record))),
      operation: (record) => repeat(memory, clock, record),
    });
    if (end.damage !== undefined) {
      onTrouble(`some of what was spent and held in ${directory} is lost: ${end.damage}`);
    }
    const snapshot = () => encoded(memory.snapshot());
    const journal = await BudgetJournal.open({ directory, sync, segmentBytes, snapshot, onTrouble }, end);
    return new EmbeddedBudgetStore(nowMs, clock, memory, journal);
  }

  // An operation is written and has its effect in one turn of the event loop: so the lines are in the order of the effects, and no
  // snapshot comes between.

  async reserve(call: ReserveCall): Promise<Reserved | Refused | Closed> {
    checkReserveCall(call);
    this.#append({ kind: "reserve", call });
    const answer = await this.#memory.reserve(call);
    await this.#journal.synced();
    return answer;
  }

  async extend(call: ExtendCall): Promise<Reserved | Refused | Closed> {
    checkAmounts(call.amounts);
    this.#append({ kind: "extend", call });
    const answer = await this.#memory.extend(call);
    await this.#journal.synced();
    return answer;
  }

  /** Does not wait for the disk: what is lost with it is a second of metering. */
  async meter(call: MeterCall): Promise<readonly MeterState[]> {
    for (const { amounts } of call.sessions) checkAmounts(amounts);
    if (call.sessions.length === 0) return [];
    this.#note({ kind: "meter", call });
    return this.#memory.meter(call);
  }

  async settle(call: SettleCall): Promise<Settled | UnknownSession> {
    checkAmounts(call.amounts);
    this.#note({ kind: "settle", call });
    const answer = await this.#memory.settle(call);
    await this.#journal.synced().catch(() => undefined); // it was booked, and the next snapshot knows it
    return answer;
  }

  async expire(call: ExpireCall): Promise<readonly ExpiredHold[]> {
    this.#clock.atMs = this.#nowMs();
    // asked every second: that nothing happened is not worth a line
    if (!this.#memory.due) return this.#memory.expire(call);
    this.#append({ kind: "expire", call });
    const answer = await this.#memory.expire(call);
    await this.#journal.synced();
    return answer;
  }

  async read(accounts: readonly AccountQuery[]): Promise<readonly Standing[]> {
    this.#clock.atMs = this.#nowMs();
    return this.#memory.read(accounts);
  }

  async close(): Promise<void> {
    await this.#journal.close();
  }

  #append(operation: Operation): void {
    this.#journal.append(this.#journaled(operation));
  }

  #note(operation: Operation): void {
    this.#journal.note(this.#journaled(operation));
  }

  #journaled(operation: Operation): Journaled {
    this.#clock.atMs = this.#nowMs();
    return { ...operation, atMs: this.#clock.atMs };
  }
}

/** Does again what an earlier process did, at the time of then. */
async function repeat(memory: MemoryBudgetStore, clock: Clock, record: LedgerRecord): Promise<void> {
  const wire = asWire<Journaled>(record);
  clock.atMs = wire.atMs;
  const { kind, call } = decodeOperation(wire);
  try {
    if (kind === "reserve") await memory.reserve(call);
    else if (kind === "extend") await memory.extend(call);
    else if (kind === "meter") await memory.meter(call);
    else if (kind === "settle") await memory.settle(call);
    else await memory.expire(call);
  } catch (error) {
    // the mistake was told to the caller at that time, and changed nothing
    if (!(error instanceof RangeError)) throw error;
  }
}

function* encoded(entries: Iterable<MemoryEntry>): Generator<LedgerRecord> {
  for (const entry of entries) yield encodeEntry(entry);
}
