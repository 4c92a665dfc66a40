import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { group, makeApi, type TestApi } from "../../admin/kube/support.ts";
import { adminToken, startAdmin } from "../../admin/support.ts";
import { runCommand } from "../run-command.ts";

const costs = (name: string, key = "k") => `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: LLMRequestCost
metadata: {name: ${name}}
spec: {llmRequestCosts: [{metadataKey: ${key}, type: TotalToken}]}
---`;
const backend = (name: string, spec: string) => `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: ${name}, namespace: ai-services}
spec: ${spec}
---`;
const resource = "llmrequestcost.aigateway.envoyproxy.io";

describe("kubectl's commands without kubectl", () => {
  let made: TestApi;
  let server: Awaited<ReturnType<typeof startAdmin>>;
  let folder: string;

  beforeEach(async () => {
    made = makeApi();
    server = await startAdmin({}, undefined, undefined, made.api);
    folder = mkdtempSync(join(tmpdir(), "tollgate-commands-"));
  });

  afterEach(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (...args: readonly string[]) => {
    const [command = "", ...rest] = args;
    return runCommand([command, "--url", server.url, ...rest], { TOLLGATE_ADMIN_TOKEN: adminToken });
  };
  const file = (text: string, name = "r.yaml") => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  describe("apply", () => {
    it("says created, unchanged and configured, in the order of the file", async () => {
      const path = file(costs("a", "k1") + costs("b", "k2"));
      expect(await run("apply", "-f", path)).to.deep.equal({
        code: 0,
        stdout: `${resource}/a created\n${resource}/b created\n`,
        stderr: "",
      });
      file(costs("a", "k1") + costs("b", "k3"));
      expect((await run("apply", "-f", path)).stdout).to.equal(`${resource}/a unchanged\n${resource}/b configured\n`);
    });

    it("takes away a field that the file has no more", async () => {
      const spec = async () => (await made.ask("GET", `${group}/namespaces/ai-services/aibackends/b`)).json.spec;
      const path = file(backend("b", "{provider: OpenAI, model: gpt-4o}"));
      await run("apply", "-f", path);
      file(backend("b", "{provider: OpenAI}"));
      expect((await run("apply", "-f", path)).stdout).to.equal("aibackend.aigateway.envoyproxy.io/b configured\n");
      expect(await spec()).to.deep.equal({ provider: "OpenAI" });
    });

    it("only says it in a dry run, and lets the server refuse in one of its kind", async () => {
      const path = file(costs("a", '""'));
      expect(await run("apply", "-f", path, "--dry-run=client")).to.include({
        code: 0,
        stdout: `${resource}/a created (dry run)\n`,
      });
      expect(await run("apply", "-f", path, "--dry-run=server")).to.include({ code: 1, stdout: "" });
      file(costs("a"));
      expect(await run("apply", "-f", path, "--dry-run=server")).to.include({
        code: 0,
        stdout: `${resource}/a created (server dry run)\n`,
      });
      expect(made.store.list({})).to.deep.equal([]);
    });

    it("tells what is refused with every reason, and applies the rest", async () => {
      const { code, stdout, stderr } = await run(
        "apply",
        "-f",
        file(backend("x", "{provider: OpenAl, model: 5}") + costs("a")),
      );
      expect(code).to.equal(1);
      expect(stdout).to.equal(`${resource}/a created\n`);
      expect(stderr)
        .to.match(/^The AIBackend "x" is invalid:\n\* /)
        .and.contain('* spec.provider: unknown provider "OpenAl"; did you mean "OpenAI"?')
        .and.contain("* spec.model: must be a string");
      const unknown = await run("apply", "-f", file(costs("b").replace("type:", "typ: x, type:")));
      expect(unknown.stderr).to.contain("Error from server (BadRequest): ").and.contain('did you mean "type"?');
    });

    it("prints warnings", async () => {
      made.effect.answer = () => 'a "quoted" one';
      expect((await run("apply", "-f", file(costs("a")))).stderr).to.equal('Warning: a "quoted" one\n');
    });

    it("applies nothing when a file cannot be read as resources", async () => {
      const bad = file(
        `${costs("a")}\nkind: Deployment\napiVersion: apps/v1\nmetadata: {name: d}\n---\nkind: AIBackendd\napiVersion: aigateway.envoyproxy.io/v1alpha1\n`,
      );
      const { code, stderr } = await run("apply", "-f", bad);
      expect(code).to.equal(1);
      expect(stderr).to.match(
        /r\.yaml:\d+:\d+ kind: is not served here\n.*r\.yaml:\d+:\d+ kind: unknown kind "AIBackendd"/,
      );
      expect(made.store.list({})).to.deep.equal([]);
      expect((await run("apply", "-f", file("a: ["))).code).to.equal(1);
      expect((await run("apply", "-f", join(folder, "nowhere.yaml"))).stderr).to.contain("no such file or directory");
    });

    it("puts what names no namespace where -n says, and refuses another one", async () => {
      await run("apply", "-f", file(costs("a")), "-n", "shop");
      expect(made.store.list({ namespace: "shop" })).to.have.length(1);
      const { stderr } = await run("apply", "-f", file(backend("b", "{provider: OpenAI}")), "-n", "shop");
      expect(stderr).to.contain("does not match the namespace that was asked for, shop");
    });
  });

  it("get prints tables as kubectl does, and the other formats", async () => {
    await run("apply", "-f", file(costs("exercise-tokens")));
    made.nowMs += 5_000;
    expect((await run("get", "llmrequestcost")).stdout).to.equal("NAME              AGE\nexercise-tokens   5s\n");
    expect((await run("get", "llmrequestcosts.aigateway.envoyproxy.io", "-A")).stdout).to.equal(
      "NAMESPACE   NAME              AGE\ndefault     exercise-tokens   5s\n",
    );
    expect((await run("get", "llmrequestcost", "-o", "wide")).stdout).to.match(
      /^NAME +AGE +ACCEPTED +RESOLVEDREFS +PROGRAMMED\n/,
    );
    expect((await run("get", "llmrequestcost", "-o", "name")).stdout).to.equal(`${resource}/exercise-tokens\n`);
    expect((await run("get", "llmrequestcost/exercise-tokens", "-o", "yaml")).stdout).to.contain(
      "\n    - metadataKey: k\n",
    );
    const list = JSON.parse((await run("get", "LLMRequestCost", "-o", "json")).stdout);
    expect(list).to.include({ kind: "List" });
    expect(list.items[0]).to.include({ kind: "LLMRequestCost" });
    expect(await run("get", "aigr")).to.include({
      code: 0,
      stdout: "",
      stderr: "No resources found in default namespace.\n",
    });
    expect((await run("get", "ns")).stdout).to.match(/^NAME +STATUS +AGE\ndefault +Active/);
    expect(await run("get", "aigr", "nobody")).to.deep.include({
      code: 1,
      stderr:
        'tollgate get: Error from server (NotFound): aigatewayroutes.aigateway.envoyproxy.io "nobody" not found\n',
    });
    expect((await run("get", "aigatewayrout")).stderr).to.contain(
      `the server doesn't have a resource type "aigatewayrout"; did you mean "aigatewayroute"?`,
    );
  });

  it("describe says everything, of Secrets the sizes", async () => {
    await run("apply", "-f", file(costs("a")));
    const { stdout } = await run("describe", "llmrequestcost", "a");
    expect(stdout)
      .to.match(/^Name: +a\nNamespace: +default\nLabels: +<none>\nAnnotations: +<none>\n/)
      .and.contain("Kind:         LLMRequestCost\n")
      .and.contain("  Llm Request Costs:\n    Metadata Key:  k\n    Type:  TotalToken\n")
      .and.contain("    Type:  Programmed\n");
    const created = await run(
      "create",
      "secret",
      "generic",
      "s",
      "--from-literal=api-key=sk-secret",
      "--from-literal=b=",
    );
    expect(created).to.deep.equal({ code: 0, stdout: "secret/s created\n", stderr: "" });
    const secret = (await run("describe", "secret", "s")).stdout;
    expect(secret).to.contain("Type:  Opaque\n\nData\n====\napi-key:  9 bytes\nb:  0 bytes\n").and.not.contain("sk-");
  });

  it("create takes values of literals and files, and says of mistakes no value", async () => {
    const path = file("from a file\n", "key.txt");
    await run(
      "create",
      "secret",
      "generic",
      "s",
      `--from-file=${path}`,
      `--from-file=other=${path}`,
      "--from-literal=a=b=c",
    );
    const kept = made.store.get({ group: "", kind: "Secret", namespace: "default", name: "s" });
    const values = Object.entries(kept?.["data"] ?? {}).map(([key, value]) => [
      key,
      Buffer.from(String(value), "base64").toString(),
    ]);
    expect(Object.fromEntries(values)).to.deep.equal({ "key.txt": "from a file\n", other: "from a file\n", a: "b=c" });
    expect((await run("create", "secret", "generic", "s")).stderr).to.contain(
      '(AlreadyExists): secrets "s" already exists',
    );
    for (const [args, message] of [
      [["secret", "generic", "t", "--from-literal=sk-no-equals"], "--from-literal must be KEY=VALUE"],
      [["secret", "generic", "t", "--from-literal=a=sk-1", "--from-literal=a=sk-2"], "a key is given twice"],
      [["secret", "generic", "t", "--from-file=/nowhere/sk"], "/nowhere/sk cannot be read (ENOENT)"],
      [["namespace", "x"], "what can be created is: secret generic NAME"],
    ] as const) {
      const { code, stderr } = await run("create", ...args);
      expect(code).to.not.equal(0);
      expect(stderr)
        .to.contain(message)
        .and.not.match(/sk-(?:no|1|2)/);
    }
    expect((await run("create", "secret", "generic", "dry", "--dry-run=client")).stdout).to.equal(
      "secret/dry created (dry run)\n",
    );
  });

  it("delete takes away what names or files say, and tells what is not there", async () => {
    const path = file(costs("a", "k1") + costs("b", "k2"));
    await run("apply", "-f", path);
    expect((await run("delete", "llmrequestcost", "a", "--dry-run=server")).stdout).to.equal(
      `${resource} "a" deleted (server dry run)\n`,
    );
    expect((await run("delete", "llmrequestcost", "a", "--dry-run=client")).stdout).to.equal(
      `${resource} "a" deleted (dry run)\n`,
    );
    expect((await run("delete", "llmrequestcost", "a")).stdout).to.equal(`${resource} "a" deleted\n`);
    const rest = await run("delete", "-f", path);
    expect(rest).to.include({ code: 1, stdout: `${resource} "b" deleted\n` });
    expect(rest.stderr).to.equal(
      'Error from server (NotFound): llmrequestcosts.aigateway.envoyproxy.io "a" not found\n',
    );
    expect(await run("delete", "-f", path, "--ignore-not-found")).to.include({ code: 0, stderr: "" });
  });

  it("say what is wrong with how they were called: exit status 2", async () => {
    for (const [args, message] of [
      [["apply"], "name resources with -f PATH"],
      [["get"], "name a kind"],
      [["get", "aigr", "x", "-A"], "leave -A out"],
      [["get", "aigr/a", "btp/b"], "of one kind"],
      [["get", "aigr", "-o", "xml"], "--output must be"],
      [["delete", "aigr"], "name what is to be deleted"],
      [["delete", "aigr", "x", "-f", "y"], "not both"],
      [["describe"], "name a kind"],
      [["apply", "-f", "x", "--dry-run=maybe"], "--dry-run must be none or client or server"],
    ] as const) {
      const { code, stderr } = await run(...args);
      expect(code, args.join(" ")).to.equal(2);
      expect(stderr).to.contain(message);
    }
    for (const command of ["apply", "get", "describe", "delete", "create", "kubeconfig", "template"])
      expect((await runCommand([command, "--help"])).stdout).to.match(new RegExp(`^tollgate ${command} `));
  });

  it("say where the gateway should be, and what to do about its token", async () => {
    const nobody = await runCommand(["get", "aigr", "--url", "http://127.0.0.1:1"], {});
    expect(nobody.stderr).to.contain("no gateway answers at http://127.0.0.1:1");
    const wrong = await runCommand(["get", "aigr", "--url", server.url], { TOLLGATE_ADMIN_TOKEN: "wrong" });
    expect(wrong.stderr).to.contain("does not accept the admin token of TOLLGATE_ADMIN_TOKEN");
    const without = await startAdmin({});
    try {
      const { stderr } = await runCommand(["get", "aigr", "--url", without.url], { TOLLGATE_ADMIN_TOKEN: adminToken });
      expect(stderr).to.contain("(status 404) is no admin port of this version of Tollgate");
    } finally {
      await without.close();
    }
  });
});
