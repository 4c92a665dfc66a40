import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findEnvoy } from "../../src/cli/envoy-binary.ts";
import { type ListedProcess, processesWith } from "./processes.ts";
import { until } from "./wait.ts";

export interface UpOptions {
  /** Arguments after `up`. Without `--port` and `--admin-port` free ones are used. */
  readonly args?: readonly string[];
  /** Over the environment of the test; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Resources as text. Without them, and without `-f`, the demo is loaded. */
  readonly yaml?: string;
  /** Instead of the launcher, e.g. `npm start --`. */
  readonly command?: readonly string[];
  readonly spawn?: Pick<SpawnOptions, "uid" | "gid" | "cwd" | "detached">;
  /** Relative to the test's own folder. */
  readonly stateDir?: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `tollgate up` as a process of its own, with what it prints. */
export class Up {
  /** A folder of this test; removed by `close`. */
  readonly folder: string;
  readonly stateDir: string;
  readonly ended: Promise<Ended>;
  readonly child: ChildProcess;
  readonly #mark = `TOLLGATE_TEST_MARK=${randomUUID()}`;
  stdout = "";
  stderr = "";

  constructor(options: UpOptions = {}) {
    this.folder = mkdtempSync(join(tmpdir(), "tollgate-up-"));
    this.stateDir = join(this.folder, options.stateDir ?? "state");
    const args = [...(options.args ?? [])];
    for (const flag of ["--port", "--admin-port"]) if (!args.includes(flag)) args.push(flag, "0");
    if (!args.includes("--state-dir")) args.push("--state-dir", this.stateDir);
    if (options.yaml !== undefined) args.push("-f", this.write("resources.yaml", options.yaml));
    const [program = "", ...before] = options.command ?? [process.execPath, "bin/tollgate.mjs", "up"];
    const [name = "", value = ""] = this.#mark.split("=");
    this.child = spawn(program, [...before, ...args], {
      ...options.spawn,
      env: { ...process.env, ...options.env, [name]: value },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.on("data", (chunk: Buffer) => {
      this.stdout += chunk.toString();
    });
    this.child.stderr?.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.ended = new Promise((resolve) => {
      this.child.once("close", (code, signal) => resolve({ code, signal }));
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Where clients connect; known once it runs. */
  get url(): string {
    return this.#printed(/Envoy \S+ at (http:\S+)/);
  }

  get adminUrl(): string {
    return this.#printed(/admin +(http:\S+)/);
  }

  /** A file in the test's folder. */
  write(name: string, text: string, mode = 0o644): string {
    const file = join(this.folder, name);
    writeFileSync(file, text, { mode });
    return file;
  }

  /** Every process that it has started, itself included, also those that it left behind. */
  processes(): readonly ListedProcess[] {
    return processesWith(this.#mark);
  }

  /** The process id of Envoy, of the mock providers, or of the guard. */
  pidOf(what: "envoy" | "mocks" | "guard"): number | undefined {
    const sign = { envoy: "/envoy.json ", mocks: " mocks --", guard: "tollgate-guard" }[what];
    return this.processes().find(({ command }) => command.includes(sign))?.pid;
  }

  /** Settles when the banner was printed; else everything is ended, and it fails with what was printed. */
  async untilUp(): Promise<this> {
    let ended = false;
    void this.ended.then(() => {
      ended = true;
    });
    try {
      await until("tollgate up", () => ended || this.stdout.includes("Ctrl-C stops everything"), 60_000);
      if (ended) throw new Error("it ended");
    } catch (cause) {
      await this.close();
      throw new Error(`tollgate up did not come up:\n${this.stdout}${this.stderr}`, { cause });
    }
    return this;
  }

  /** Settles when standard error has a match. */
  async untilSaid(pattern: RegExp): Promise<string> {
    return await until(`${pattern} on standard error`, () => pattern.exec(this.stderr)?.[0], 60_000);
  }

  /** Ends whatever is left of it, however the test ended. */
  async close(): Promise<void> {
    this.child.kill("SIGTERM");
    // whoever holds its output open keeps `ended` waiting, so all of them go
    const force = setTimeout(() => this.#kill(), 10_000);
    await this.ended;
    clearTimeout(force);
    this.#kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #kill(): void {
    for (const { pid } of this.processes()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // it ended by itself just now
      }
    }
  }

  #printed(pattern: RegExp): string {
    const found = pattern.exec(this.stdout)?.[1];
    if (found === undefined) throw new Error(`${pattern} is not in:\n${this.stdout}${this.stderr}`);
    return found;
  }
}

let envoyPath: string | undefined;

/** Starts `tollgate up` with the Envoy that the tests use, so that it need not find one. */
export async function startUp(options: UpOptions = {}): Promise<Up> {
  envoyPath ??= (await findEnvoy({ env: process.env })).path;
  return new Up({ ...options, env: { ENVOY_BIN: envoyPath, ...options.env } });
}

/** One backend with a mock provider, a route for `gpt-4o`, and 1,000 tokens a day for each `x-user-id`. */
export const smallResources = `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: openai-backend}
spec: {provider: OpenAI, auth: {apiKeySecretRef: {name: openai-credentials, key: api-key}}}
---
apiVersion: v1
kind: Secret
metadata: {name: openai-credentials}
stringData: {api-key: sk-small-test}
---
apiVersion: tollgate.dev/v1alpha1
kind: MockBackend
metadata: {name: openai-backend}
spec: {provider: OpenAI, apiKey: sk-small-test}
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIGatewayRoute
metadata: {name: llm-route}
spec:
  rules:
    - matches: [{headers: [{name: x-ai-eg-model, value: gpt-4o}]}]
      backendRefs: [{name: openai-backend}]
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata: {name: budget}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: llm-route}]
  rateLimit:
    type: Global
    global:
      rules:
        - clientSelectors: [{headers: [{name: x-user-id, type: Distinct}]}]
          limit: {requests: 1000, unit: Day}
          cost:
            request: {from: Number, number: 0}
            response: {from: Metadata, metadata: {namespace: io.envoy.ai_gateway, key: llm_total_token}}
`;

/** The same, with what a policy's limits do while their store is away. */
export function smallResourcesWith(failureMode: "local" | "allow" | "deny"): string {
  return smallResources.replace(
    "metadata: {name: budget}",
    `metadata: {name: budget, annotations: {tollgate.dev/failure-mode: ${failureMode}}}`,
  );
}
