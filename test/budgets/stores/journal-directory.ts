import { randomUUID } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BudgetStore } from "../../../src/budgets/budget-store.ts";
import { EmbeddedBudgetStore, type EmbeddedBudgetStoreOptions } from "../../../src/budgets/stores/embedded.ts";
import { noon } from "./driver.ts";

/** Where fdatasync takes no time: thousands of stores are opened here. */
const memoryDisk = "/dev/shm";

/** Where embedded stores of a test are, and when. */
export class JournalDirectory {
  readonly root = mkdtempSync(join(existsSync(memoryDisk) ? memoryDisk : tmpdir(), "tollgate-embedded-"));
  directory = join(this.root, "budgets");
  nowMs = noon;
  readonly troubles: string[] = [];

  open(options: Partial<EmbeddedBudgetStoreOptions> = {}): Promise<EmbeddedBudgetStore> {
    const { directory } = this;
    const onTrouble = (message: string) => this.troubles.push(message);
    return EmbeddedBudgetStore.open({ directory, nowMs: () => this.nowMs, onTrouble, ...options });
  }

  /** What kill -9 leaves at this moment: the files as the operating system has them. */
  image(): string {
    const copy = join(this.root, `image-${randomUUID()}`);
    cpSync(this.directory, copy, { recursive: true });
    return copy;
  }

  /** Kills the store -9 and starts another. */
  restart(options: Partial<EmbeddedBudgetStoreOptions> = {}): Promise<EmbeddedBudgetStore> {
    this.directory = this.image();
    return this.open(options);
  }

  /** Opens a folder to see how things stand there, and is gone again. */
  async inside<T>(directory: string, ask: (store: BudgetStore) => Promise<T>): Promise<T> {
    const store = await this.open({ directory });
    try {
      return await ask(store);
    } finally {
      await store.close();
    }
  }

  segments(): readonly string[] {
    const names = readdirSync(this.directory).filter((name) => name.endsWith(".jsonl"));
    return names.map((name) => join(this.directory, name));
  }

  onlySegment(): string {
    const [path, ...others] = this.segments();
    if (path === undefined || others.length > 0) throw new Error(`not one segment: ${this.segments().join(", ")}`);
    return path;
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

export function failureOf(operation: Promise<unknown>): Promise<unknown> {
  return operation.then(
    () => "no failure",
    (thrown: unknown) => thrown,
  );
}
