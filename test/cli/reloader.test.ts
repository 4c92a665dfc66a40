import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { expect } from "chai";
import { compileFiles } from "../../src/cli/configuration.ts";
import { type Change, LiveConfiguration } from "../../src/cli/live-configuration.ts";
import { Reloader } from "../../src/cli/reloader.ts";
import { load } from "../../src/config/load.ts";
import { makeLogger } from "../../src/observe/logger.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { aiResource, document, secret } from "../config/support.ts";

const backend = (name: string): string =>
  aiResource("AIBackend", name, "{provider: vLLM, endpoint: 'http://127.0.0.1:1'}");
const settings = (spec: string): string => document("tollgate.dev/v1alpha1", "TollgateConfig", "t", spec);

describe("Reloader", () => {
  let folder: string;
  let answer: Change;
  /** What an Envoy takes for its answer. */
  let applying: () => Promise<void>;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-reloader-"));
    answer = { kind: "applied", remarks: [] };
    applying = () => Promise.resolve();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);

  /** One that has read `text` as `a.yaml` from its folder. */
  function start(text: string) {
    write("a.yaml", text);
    const files = load([folder]);
    const first = compileFiles(files, {});
    const said: string[] = [];
    const logged: string[] = [];
    const metrics = new Metrics();
    const live = new LiveConfiguration({
      config: first.config,
      nowMs: () => 0,
      inUse: () => new Set(),
      prepare: async () => undefined,
      envoy: { apply: () => applying().then(() => answer), keep: () => undefined },
    });
    const log = new Writable({
      write(chunk: Buffer, _encoding, done) {
        logged.push(chunk.toString());
        done();
      },
    });
    const reloader = new Reloader({
      paths: [folder],
      env: {},
      first,
      files,
      settings: first.config.settings,
      live,
      budgetRemarks: () => [],
      tell: (message) => said.push(message.replaceAll(folder, "").replaceAll(/\b[0-9a-f]{12}\b/g, "V")),
      logger: makeLogger("info", log),
      metrics,
      nowMs: () => 1_700_000_000_000,
    });
    return { reloader, live, said, logged, metrics };
  }

  it("puts what has changed into force and says in one line what that is", async () => {
    const { reloader, live, said, logged, metrics } = start(backend("a") + backend("b"));
    write("a.yaml", backend("b").replace(":1", ":2") + backend("c"));
    await reloader.check();
    expect([...live.current.backends.keys()]).to.deep.equal(["default/b", "default/c"]);
    expect(said).to.deep.equal([
      "reloaded in 0 ms: added AIBackend default/c; changed AIBackend default/b; removed AIBackend default/a (version V)",
    ]);
    expect(logged).to.have.length(1);
    expect(JSON.parse(logged[0] ?? "")).to.include({ msg: "configuration reloaded", version: live.current.version });
    const text = await metrics.render();
    expect(text).to.contain('tollgate_config_reloads_total{outcome="applied"} 1');
    expect(text.match(/^tollgate_config_version\{.*$/gm)).to.deep.equal([
      `tollgate_config_version{version="${live.current.version}"} 1`,
    ]);
    expect(text).to.contain("tollgate_config_last_reload_success_timestamp_seconds 1700000000");
  });

  it("says nothing when files read as before, or differ in nothing that counts; when it is asked, that nothing has changed", async () => {
    const { reloader, live, said, logged } = start(backend("a"));
    await reloader.check();
    write("a.yaml", `# new\n${backend("a")}`);
    await reloader.check();
    expect([said, logged]).to.deep.equal([[], []]);
    await reloader.reload();
    expect(said).to.deep.equal(["not reloaded: the resources are what is in force already (version V)"]);
    expect(live.known).to.have.length(1);
  });

  it("keeps the last good configuration when files are bad, says so once, and that they are good again", async () => {
    const { reloader, live, said, metrics } = start(backend("a"));
    const before = live.current;
    write("b.yaml", "kind: [");
    await reloader.check();
    await reloader.check();
    expect(live.current).to.equal(before);
    expect(said).to.have.length(1);
    expect(said[0]).to.match(
      /^not reloaded, the last good configuration stays \(version V\): the configuration is not valid\n {2}\/b\.yaml:1:\d+: is not valid YAML: /,
    );
    expect(await metrics.render()).to.contain('tollgate_config_reloads_total{outcome="invalid"} 1');
    unlinkSync(join(folder, "b.yaml"));
    await reloader.check();
    expect(said[1]).to.equal("not reloaded: the resources are what is in force already (version V)");
  });

  it("does not take a file that was emptied, or a directory without files, for the wish to have nothing", async () => {
    const { reloader, said } = start(backend("a"));
    write("a.yaml", "");
    await reloader.check();
    expect(said[0]).to.contain("/a.yaml:1:1: is empty now; remove the file");
    unlinkSync(join(folder, "a.yaml"));
    await reloader.check();
    expect(said[1]).to.contain("the directory has no *.yaml or *.yml file");
  });

  it("says what Envoy refuses, and tries it again when it is asked", async () => {
    const { reloader, live, said, metrics } = start(backend("a"));
    const before = live.current;
    write("a.yaml", backend("b"));
    answer = { kind: "refused", reason: "Envoy refuses backend default/b: no" };
    await reloader.check();
    expect(said).to.deep.equal([
      "not reloaded, the last good configuration stays (version V): Envoy refuses backend default/b: no",
    ]);
    expect(live.current).to.equal(before);
    expect(await metrics.render()).to.contain('tollgate_config_reloads_total{outcome="refused_by_envoy"} 1');
    answer = { kind: "applied", remarks: [] };
    await reloader.reload();
    expect(said[1]).to.contain("added AIBackend default/b; removed AIBackend default/a");
  });

  it("says what takes effect at the next start, and changes the rest", async () => {
    const { reloader, live, said } = start(settings("{listener: {port: 8080}, modelSelection: HeaderFirst}"));
    write(
      "a.yaml",
      settings("{listener: {port: 8081}, store: {url: 'redis://:must-not-be-shown@h'}, modelSelection: BodyFirst}"),
    );
    await reloader.check();
    expect(said[0]?.split("\n")).to.deep.equal([
      "reloaded in 0 ms: changed TollgateConfig default/t (version V)",
      "  warning: listener.port takes effect at the next start",
      "  warning: store.url takes effect at the next start",
    ]);
    const { listener, store, modelSelection } = live.current.settings;
    expect([listener.port, store.url, modelSelection]).to.deep.equal([8080, "memory://", "BodyFirst"]);
  });

  it("tells of a Secret that it has changed, not its value", async () => {
    const spec = "{provider: OpenAI, auth: {apiKeySecretRef: {name: s, key: k}}}";
    const { reloader, live, said, logged } = start(aiResource("AIBackend", "a", spec) + secret("s", "{k: one}"));
    const { version } = live.current;
    write("a.yaml", aiResource("AIBackend", "a", spec) + secret("s", "{k: must-not-be-shown}"));
    await reloader.check();
    expect(said).to.deep.equal(["reloaded in 0 ms: changed Secret default/s (version V)"]);
    expect(live.current.version).not.to.equal(version);
    expect(JSON.stringify([said, logged])).not.to.contain("must-not-be-shown");
  });

  it("tells warnings that are new", async () => {
    const unresolved = aiResource("AIBackend", "x", "{provider: OpenAI, auth: {apiKeySecretRef: {name: s, key: k}}}");
    const { reloader, said } = start(backend("a"));
    write("b.yaml", unresolved);
    await reloader.check();
    expect(said[0]).to.contain("\n  /b.yaml:").and.contain("unresolved");
    write("a.yaml", backend("c"));
    await reloader.check();
    expect(said[1]).not.to.contain("unresolved");
  });

  it("makes one change after the other", async () => {
    const { reloader, live, said } = start(backend("a"));
    const answers: (() => void)[] = [];
    applying = () => new Promise((resolve) => answers.push(resolve));
    write("a.yaml", backend("b"));
    const one = reloader.check();
    await new Promise(setImmediate);
    write("a.yaml", backend("c"));
    const others = [reloader.check(), reloader.check()];
    await new Promise(setImmediate);
    expect(answers, "the second waits for the first").to.have.length(1);
    answers[0]?.();
    await one;
    await new Promise(setImmediate);
    answers[1]?.();
    await Promise.all(others);
    expect([...live.current.backends.keys()]).to.deep.equal(["default/c"]);
    expect([answers.length, said.length]).to.deep.equal([2, 2]);
  });
});
