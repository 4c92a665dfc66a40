import { contentHash } from "../config/content-hash.ts";
import { type LoadedFile, load } from "../config/load.ts";
import type { RuntimeConfig, Settings } from "../core/runtime-config.ts";
import type { Logger } from "../observe/logger.ts";
import type { Metrics } from "../observe/metrics.ts";
import { compileFiles, type LoadedConfiguration } from "./configuration.ts";
import { holdSettings } from "./held-settings.ts";
import { InvalidConfiguration } from "./invalid-configuration.ts";
import type { LiveConfiguration } from "./live-configuration.ts";
import type { Mocks } from "./mock-processes.ts";
import { writtenChanges } from "./written-changes.ts";

export interface ReloaderOptions {
  readonly paths: readonly string[];
  /** Objects that count beside the files, such as those applied with kubectl, as they stand now. */
  readonly applied?: () => readonly LoadedFile[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What is in force, as it was read from `files`. */
  readonly first: Pick<LoadedConfiguration, "written" | "remarks">;
  readonly files: readonly LoadedFile[];
  /** Those of the start. */
  readonly settings: Settings;
  readonly live: LiveConfiguration;
  /** Undefined = somebody else runs them. */
  readonly mocks?: Pick<Mocks, "addresses" | "lacks" | "start" | "changed">;
  /** What an operator should know of the budgets in force. */
  readonly budgetRemarks: () => readonly string[];
  /** What else a change means here, for the operator. */
  readonly consequences?: (before: RuntimeConfig, after: RuntimeConfig) => readonly string[];
  /** For the operator. */
  readonly tell: (message: string) => void;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly nowMs: () => number;
}

/** A file is not empty for longer while it is being written. */
const beingWrittenMs = 250;

/** A file that had text and has none now is being written, or was damaged: taking it for "no resources" would end all service. */
function emptied(before: readonly LoadedFile[], after: readonly LoadedFile[]): LoadedFile[] {
  const hadText = new Set(before.flatMap((file) => ("text" in file && file.text !== "" ? [file.path] : [])));
  return after.map((file) =>
    "text" in file && file.text === "" && hadText.has(file.path)
      ? {
          path: file.path,
          problem: "is empty now; remove the file, or write a comment into it, if its resources are to go",
        }
      : file,
  );
}

/** Reads the resources again and puts them into force, or says why not and keeps the last good ones. One change after the other. */
export class Reloader {
  readonly #options: ReloaderOptions;
  /** What is in force. */
  #good: {
    readonly files: readonly LoadedFile[];
    readonly written: ReadonlyMap<string, string>;
    readonly remarks: string;
  };
  /** A hash of the files that were looked at last, good or bad. */
  #seen: string;
  #work: Promise<void> = Promise.resolve();

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#good = { files: options.files, written: options.first.written, remarks: options.first.remarks };
    this.#seen = contentHash(options.files);
    this.#inForce();
  }

  /** Something may have changed: files that read as they did before are no change. */
  check(): Promise<void> {
    return this.#inTurn(false);
  }

  /** Somebody asks for it: it is told, too, that nothing has changed. */
  reload(): Promise<void> {
    return this.#inTurn(true);
  }

  #inTurn(asked: boolean): Promise<void> {
    const turn = this.#work.then(() => this.#reload(asked));
    this.#work = turn.catch((error: unknown) => this.#options.logger.error({ err: error }, "a reload failed"));
    return this.#work;
  }

  async #reload(asked: boolean): Promise<void> {
    const files = await this.#read();
    const seen = contentHash(files);
    if (seen === this.#seen && !asked) return;
    const wasBad = this.#seen !== contentHash(this.#good.files);
    this.#seen = seen;
    const startedMs = this.#options.nowMs();
    try {
      await this.#put(files, startedMs, asked || wasBad);
    } catch (error) {
      if (error instanceof InvalidConfiguration)
        this.#refuse("invalid", `the configuration is not valid\n${error.message}`);
      else this.#refuse("invalid", (error as Error).message);
    }
  }

  /** An editor empties a file before it writes it: what is empty now is looked at once more before it is called a mistake. */
  async #read(): Promise<readonly LoadedFile[]> {
    const { paths, applied } = this.#options;
    const read = (): readonly LoadedFile[] => [...load(paths), ...(applied?.() ?? [])];
    const isEmptied = (files: readonly LoadedFile[]): boolean =>
      emptied(this.#good.files, files).some((file, index) => file !== files[index]);
    const files = read();
    if (!isEmptied(files)) return files;
    await new Promise((resolve) => setTimeout(resolve, beingWrittenMs));
    return emptied(this.#good.files, read());
  }

  async #put(files: readonly LoadedFile[], startedMs: number, tellUnchanged: boolean): Promise<void> {
    const { settings, live, tell, logger, metrics, mocks, nowMs } = this.#options;
    const loaded = await this.#compile(files);
    const { config, waiting } = holdSettings(loaded.config, settings);
    const { version } = config;
    const before = live.current;
    const isNew = version !== before.version;
    const change = await live.change(config);
    if (change.kind === "refused") {
      this.#refuse("refused_by_envoy", change.reason);
      return;
    }
    const differs = writtenChanges(this.#good.written, loaded.written);
    const newRemarks = loaded.remarks === this.#good.remarks ? "" : loaded.remarks;
    this.#good = { files, written: loaded.written, remarks: loaded.remarks };
    if (!isNew) {
      logger.debug({ version }, "the resources were read again; nothing has changed");
      if (tellUnchanged) tell(`not reloaded: the resources are what is in force already (version ${version})`);
      return;
    }
    metrics.increment("config_reloads_total", { outcome: "applied" });
    this.#inForce();
    const what = differs === "" ? "changed something that resources refer to" : differs;
    const tookMs = nowMs() - startedMs;
    const remarks = [
      ...newRemarks.split("\n").filter((line) => line !== ""),
      ...waiting.map((name) => `warning: ${name} takes effect at the next start`),
      ...(mocks?.changed(loaded.mocks) ?? []).map(
        (id) => `warning: MockBackend ${id} runs as it was started until the next start`,
      ),
      ...change.remarks,
      ...this.#options.budgetRemarks(),
      ...(this.#options.consequences?.(before, config) ?? []),
    ];
    logger.info({ version, changes: what, remarks, duration_ms: tookMs }, "configuration reloaded");
    tell([`reloaded in ${tookMs} ms: ${what} (version ${version})`, ...remarks].join("\n  "));
  }

  async #compile(files: readonly LoadedFile[]): Promise<LoadedConfiguration> {
    const { env, mocks } = this.#options;
    const loaded = compileFiles(files, env, mocks?.addresses);
    if (mocks === undefined || !mocks.lacks(loaded.mocks)) return loaded;
    return compileFiles(files, env, await mocks.start(loaded.mocks));
  }

  #refuse(outcome: "invalid" | "refused_by_envoy", reason: string): void {
    const { live, tell, logger, metrics } = this.#options;
    const { version } = live.current;
    metrics.increment("config_reloads_total", { outcome });
    logger.error({ version, reason }, "configuration not reloaded; the last good one stays");
    tell(`not reloaded, the last good configuration stays (version ${version}): ${reason.replaceAll("\n", "\n  ")}`);
  }

  #inForce(): void {
    const { metrics, live, nowMs } = this.#options;
    metrics.replace("config_version", 1, { version: live.current.version });
    metrics.set("config_last_reload_success_timestamp_seconds", nowMs() / 1_000);
  }
}
