import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { chat } from "../support/client.ts";
import { smallResources, startUp, type Up, type UpOptions } from "../support/up.ts";

const invalid = `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: a}
spec: {provider: OpenAl}
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: b}
spec: {provider: vLLM, endpont: "http://127.0.0.1:1"}
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIGatewayRoute
metadata: {name: r}
spec:
  rules:
    - backendRefs: []
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: LLMRequestCost
metadata: {name: c}
spec: {llmRequestCosts: [{metadataKey: k, type: CEL, cel: "input_tokens +"}]}
`;

const invalidPlaces = [
  "resources.yaml:5:18 spec.provider",
  "resources.yaml:10:24 spec.endpont",
  "resources.yaml:17:7 spec.rules[0].backendRefs",
  "resources.yaml:22:59 spec.llmRequestCosts[0].cel",
];

const unresolved = `---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: no-secret}
spec: {provider: OpenAI, auth: {apiKeySecretRef: {name: nowhere, key: api-key}}}
---
apiVersion: v1
kind: Secret
metadata: {name: no-key}
stringData: {other: must-not-be-shown}
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: no-key}
spec: {provider: OpenAI, auth: {apiKeySecretRef: {name: no-key, key: api-key}}}
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIGatewayRoute
metadata: {name: r}
spec:
  rules:
    - matches: [{headers: [{name: x-ai-eg-model, value: no-secret}]}]
      backendRefs: [{name: no-secret}]
    - matches: [{headers: [{name: x-ai-eg-model, value: no-key}]}]
      backendRefs: [{name: no-key}]
    - matches: [{headers: [{name: x-ai-eg-model, value: no-backend}]}]
      backendRefs: [{name: nobody}]
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata: {name: no-target}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: nobodys-route}]
  rateLimit: {type: Global, global: {rules: [{limit: {requests: 1, unit: Day}}]}}
`;

const launcher = [process.execPath, "bin/tollgate.mjs"];

/** `tollgate validate` of one file. */
async function validate(yaml: string, ...flags: string[]): Promise<{ readonly code: number; readonly stdout: string }> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-validate-"));
  const file = join(folder, "resources.yaml");
  writeFileSync(file, yaml);
  const [program = "", ...args] = [...launcher, "validate", "-f", file, ...flags];
  const outcome = await promisify(execFile)(program, args).then(
    ({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
  );
  rmSync(folder, { recursive: true });
  return outcome;
}

/** Where a problem is told, without the folder and the words. */
function places(report: string): string[] {
  return report.split("\n").flatMap((line) => /([\w.-]+:\d+:\d+(?: [\w.[\]]+)?): /.exec(line)?.[1] ?? []);
}

describe("resources as a user gives them", function () {
  this.timeout(120_000);
  const open: Up[] = [];

  afterEach(async () => {
    await Promise.all(open.splice(0).map((up) => up.close()));
  });

  async function start(options: UpOptions): Promise<Up> {
    const up = await startUp(options);
    open.push(up);
    return up;
  }

  /** Runs it to its end. */
  async function run(options: UpOptions): Promise<{ readonly code: number | null; readonly up: Up }> {
    const up = await start(options);
    const { code } = await up.ended;
    expect(up.processes()).to.deep.equal([]);
    return { code, up };
  }

  it("up tells every problem of invalid resources with file, line and column, and starts nothing", async () => {
    const { code, up } = await run({ yaml: invalid, args: ["-f", "no-such-file.yaml"] });
    expect(code).to.equal(1);
    expect(places(up.stderr)).to.deep.equal(["no-such-file.yaml:1:1", ...invalidPlaces]);
    expect(up.stderr).to.contain('unknown provider "OpenAl"; did you mean "OpenAI"?');
    expect(up.stderr).to.match(/\nnothing was started: the configuration is not valid\n$/);
    expect(up.stdout).to.equal("");
    expect(existsSync(up.stateDir), "not even its folder").to.equal(false);
  });

  it("validate tells the same problems", async () => {
    const { code, stdout } = await validate(invalid);
    expect(code).to.equal(1);
    expect(places(stdout)).to.deep.equal(invalidPlaces);
    expect(stdout).to.match(/\n1 resources, 4 errors, 0 unresolved, 0 warnings\n$/);
  });

  it("up says that a directory has no resources", async () => {
    const { code, up } = await run({ args: ["-f", "test/e2e"] });
    expect(code).to.equal(1);
    expect(up.stderr).to.contain(
      "test/e2e:1:1: the directory has no *.yaml or *.yml file; name one that has resources\n",
    );
  });

  it("validate tells what is unresolved and exits with 1, or with 0 when that is allowed", async () => {
    const { code, stdout } = await validate(unresolved);
    expect(code).to.equal(1);
    expect(stdout).to.match(/\n5 resources, 0 errors, 3 unresolved, 1 warnings\n$/);
    expect((await validate(unresolved, "--allow-unresolved")).code).to.equal(0);
  });

  it("up starts with unresolved resources, tells them first, and answers 503 with what is missing", async () => {
    const up = await (await start({ yaml: smallResources + unresolved })).untilUp();
    const severities = [...up.stderr.matchAll(/: (unresolved|warning): /g)].map((match) => match[1]);
    expect(severities).to.deep.equal(["unresolved", "unresolved", "unresolved", "warning", "warning"]);
    const missing = {
      "no-secret": "Secret default/nowhere was not found",
      "no-key": "Secret default/no-key has no key api-key",
      "no-backend": "backend default/nobody was not found",
    };
    for (const [model, words] of Object.entries(missing)) {
      expect(up.stderr).to.contain(words.replace(/^backend/, "AIServiceBackend"));
      const answer = await chat(up.url, model);
      expect(answer.status, answer.text).to.equal(503);
      expect(answer.headers["content-type"]).to.contain("application/json");
      expect(answer.json().error.code).to.equal("no_usable_backend");
      expect(answer.json().error.message).to.contain("route default/r").and.contain(words);
    }
    expect((await chat(up.url, "gpt-4o")).status, "what is complete is served").to.equal(200);
    expect(up.stdout + up.stderr).not.to.contain("must-not-be-shown");
  });

  it("up --print-config tells every setting and where it comes from, and starts nothing", async () => {
    const config = `
apiVersion: tollgate.dev/v1alpha1
kind: TollgateConfig
metadata: {name: tollgate}
spec:
  admin: {port: 19090}
  log: {level: warn}
  store: {url: "redis://user:must-not-be-shown@redis.example:6379"}
`;
    const { code, up } = await run({
      yaml: config,
      args: ["--print-config", "--admin-port", "19091"],
      env: { TOLLGATE_ADMIN_PORT: "19092", TOLLGATE_LOG_LEVEL: "debug" },
    });
    expect(code, up.stderr).to.equal(0);
    const rows = new Map(
      up.stdout
        .trim()
        .split("\n")
        .map((line) => line.split(/ {2,}/))
        .map(([name, value, from]) => [name, `${value} ${from?.replace(/^.*\//, "")}`]),
    );
    expect(rows.get("listener.port")).to.equal("0 --port");
    expect(rows.get("listener.address")).to.equal("127.0.0.1 default");
    expect(rows.get("admin.port")).to.equal("19091 --admin-port");
    expect(rows.get("log.level")).to.equal("debug TOLLGATE_LOG_LEVEL");
    expect(rows.get("store.url")).to.equal("redis://redis.example:6379 resources.yaml:8");
    expect(up.stdout + up.stderr).not.to.contain("must-not-be-shown");
    expect(existsSync(up.stateDir)).to.equal(false);
  });
});
