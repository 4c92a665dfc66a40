import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import type { MockSpec } from "../config/configure.ts";
import { startChild } from "./children.ts";
import { type MockProcess, planMocks } from "./demo-mocks.ts";
import type { Guard } from "./guard.ts";
import type { CommandIo } from "./options.ts";
import type { Running } from "./running.ts";
import type { StateDir } from "./state-dir.ts";

const launcher = fileURLToPath(new URL("../../bin/tollgate.mjs", import.meta.url));
const host = "127.0.0.1";

/** Where mock providers are, by the backend that each stands in for. */
export type MockAddresses = ReadonlyMap<string, { readonly host: string; readonly port: number }>;

export interface MockSurroundings {
  readonly state: StateDir;
  readonly guard: Guard;
  readonly running: Running;
  readonly io: CommandIo;
}

/** The mock providers that nobody else runs. */
export class Mocks {
  readonly #surroundings: MockSurroundings;
  readonly #addresses = new Map<string, { host: string; port: number }>();
  readonly #started = new Map<string, MockSpec>();

  constructor(surroundings: MockSurroundings) {
    this.#surroundings = surroundings;
  }

  get addresses(): MockAddresses {
    return this.#addresses;
  }

  /** Some of them do not run yet. */
  lacks(specs: readonly MockSpec[]): boolean {
    return specs.some(({ id, address }) => address === undefined && !this.#started.has(id));
  }

  /** Starts those that do not run yet; where all are. One that runs stays as it was started. */
  async start(specs: readonly MockSpec[]): Promise<MockAddresses> {
    const missing = specs.filter(({ id, address }) => address === undefined && !this.#started.has(id));
    for (const planned of await planMocks(missing)) await this.#startProcess(planned);
    for (const spec of missing) this.#started.set(spec.id, spec);
    return this.#addresses;
  }

  /** Those that were started otherwise than they are written now. */
  changed(specs: readonly MockSpec[]): readonly string[] {
    const differs = (spec: MockSpec): boolean => {
      const started = this.#started.get(spec.id);
      return spec.address === undefined && started !== undefined && !isDeepStrictEqual(started, spec);
    };
    return specs.filter(differs).map(({ id }) => id);
  }

  async #startProcess({ args, env, backends }: MockProcess): Promise<void> {
    const { state, guard, running, io } = this.#surroundings;
    const last = backends.at(-1);
    if (last === undefined) return;
    const child = {
      name: "the mock providers",
      command: process.execPath,
      args: [launcher, "mocks", ...args],
      env: { ...io.env, ...env },
      log: state.log("mocks.log"),
      logPath: state.file("mocks.log"),
      listens: { address: host, port: last.port },
      report: (message: string) => io.stderr.write(`${message}\n`),
      runs: guard.place(),
    };
    await startChild(child, running);
    for (const { id, port } of backends) this.#addresses.set(id, { host, port });
  }
}
