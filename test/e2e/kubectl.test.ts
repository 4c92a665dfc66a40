import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { UserShell } from "../support/kubectl.ts";
import { startUp, type Up } from "../support/up.ts";
import { until } from "../support/wait.ts";

/** The same as a file: a name and its age. */
const listed = (name: string): RegExp => new RegExp(`^NAME +AGE\n${name} +\\d+s\n$`);

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

/** Every test begins with the demo and nothing applied: its objects are taken away after it. */
describe("the real kubectl and tollgate up with the demo", function () {
  this.timeout(120_000);
  let up: Up;
  let shell: UserShell;
  const resources = () => join(up.stateDir, "resources");

  before(async () => {
    up = await (await startUp()).untilUp();
    shell = new UserShell(join(up.stateDir, "kubeconfig"), { GATEWAY_URL: up.url });
  });

  after(async () => {
    shell?.close();
    await up?.close();
  });

  afterEach(async () => {
    await shell.output("kubectl delete all,secrets --all -A");
    expect(await shell.output("kubectl get all,secrets -A")).to.equal("");
  });

  describe("the tutorial's commands", () => {
    it("exercise 1: a heredoc is created, and listed with its age", async () => {
      const yaml = readFileSync("envoy/resources/tutorial/exercise-1-tokens.yaml", "utf8");
      expect(await shell.output(`kubectl apply -f - <<EOF\n${yaml}\nEOF`)).to.equal(
        "llmrequestcost.aigateway.envoyproxy.io/exercise-tokens created\n",
      );
      expect(await shell.output("kubectl get llmrequestcost -n default")).to.match(listed("exercise-tokens"));
    });

    it("exercise 2: a budget is applied, and a request without a model is answered", async () => {
      expect(await shell.output("kubectl apply -f exercise-2-token-budget.yaml")).to.equal(
        "backendtrafficpolicy.gateway.envoyproxy.io/exercise-token-budget created\n",
      );
      const code = await shell.output(
        `curl -s -o /dev/null -w "%{http_code}\\n" -H "x-user-id: exercise-user" $GATEWAY_URL/v1/chat/completions -d '{"messages": [{"role": "user", "content": "Hello"}]}'`,
      );
      expect(code).to.equal("200\n");
    });

    it("exercise 3: both limits are there, with requests and unit", async () => {
      await shell.output("kubectl apply -f exercise-3-model-limits.yaml");
      const text = await shell.output(
        `kubectl get backendtrafficpolicy exercise-model-limits -o yaml | grep -A 5 "limit:"`,
      );
      expect(
        text.match(/limit:\n +requests: \d+\n +unit: Hour/g)?.map((limit) => /\d+/.exec(limit)?.[0]),
      ).to.deep.equal(["5000", "100000"]);
    });

    it("exercise 4: both backends are there, with their priorities", async () => {
      await shell.output("kubectl apply -f exercise-4-fallback.yaml");
      const text = await shell.output(
        `kubectl get aigatewayroute exercise-fallback -o yaml | grep -A 10 "backendRefs:"`,
      );
      expect(text).to.match(/- name: openai-backend\n +priority: 1\n +- name: anthropic-backend\n +priority: 2\n/);
      const priorities = await shell.output("kubectl get aigatewayroute -o yaml | grep priority");
      expect(priorities).to.contain("priority: 1\n").and.to.contain("priority: 2\n");
    });

    it("keys: Secrets are created from literals and listed, and nothing shows their values", async () => {
      const create = (name: string) =>
        `kubectl create secret generic ${name} --from-literal=api-key=sk-must-not-be-shown -n ai-services`;
      for (const name of ["openai-credentials", "anthropic-credentials"])
        expect(await shell.output(create(name))).to.equal(`secret/${name} created\n`);
      const text = await shell.output("kubectl get secrets -n ai-services | grep credentials");
      expect(text).to.match(/^anthropic-credentials +Opaque +1 +\d+s\nopenai-credentials +Opaque +1 +\d+s\n$/);
      const shown = [
        await shell.output("kubectl get secrets -n ai-services -o yaml"),
        await shell.output("kubectl get secret openai-credentials -n ai-services -o json"),
        await shell.output("kubectl describe secret openai-credentials -n ai-services"),
        readFileSync(join(up.stateDir, "gateway.log"), "utf8"),
        up.stdout + up.stderr,
      ].join("\n");
      expect(shown)
        .to.contain("api-key:  20 bytes")
        .and.not.contain("must-not-be-shown")
        .and.not.contain(Buffer.from("sk-must-not-be-shown").toString("base64"));
    });

    it("every other file is created as it stands, also where the demo has one of this name", async () => {
      const budgets = "03-token-budget-per-user.yaml";
      expect(
        await shell.output(`kubectl apply -f 01-token-tracking.yaml -f 02-cost-in-cents.yaml -f ${budgets}`),
      ).to.equal(
        "llmrequestcost.aigateway.envoyproxy.io/token-tracking created\n" +
          "llmrequestcost.aigateway.envoyproxy.io/cost-tracking created\n" +
          "backendtrafficpolicy.gateway.envoyproxy.io/token-budget-per-user created\n",
      );
      expect(await shell.output("kubectl get backendtrafficpolicy -n ai-services")).to.match(
        listed("token-budget-per-user"),
      );
      for (const file of ["04-model-specific-limits", "05-fallback", "06-backends", "07-team-budgets"])
        expect(await shell.output(`kubectl apply -f ${file}.yaml`)).to.match(/^(?:\S+ created\n)+$/);
    });
  });

  describe("apply", () => {
    it("says created, unchanged and configured, and a field that goes from the file goes", async () => {
      const file = "05-fallback.yaml";
      const name = "aigatewayroute.aigateway.envoyproxy.io/llm-with-fallback";
      expect(await shell.output(`kubectl apply -f ${file}`)).to.equal(`${name} created\n`);
      expect(await shell.output(`kubectl apply -f ${file}`)).to.equal(`${name} unchanged\n`);
      expect(await shell.output(`sed 's/ weight: 100/ weight: 50/' ${file} | kubectl apply -f -`)).to.equal(
        `${name} configured\n`,
      );
      await shell.output(`grep -v weight ${file} | kubectl apply -f -`);
      const weights = await shell.output(
        `kubectl get aigatewayroute llm-with-fallback -n ai-services -o jsonpath='{.spec.rules[0].backendRefs[*].weight}'`,
      );
      expect(weights).to.equal("");
    });

    it("only says what it would do when it is a dry run of either kind, and diff shows it", async () => {
      const name = "aigatewayroute.aigateway.envoyproxy.io/llm-with-fallback created";
      expect(await shell.output("kubectl apply --dry-run=client -f 05-fallback.yaml")).to.equal(`${name} (dry run)\n`);
      expect(await shell.output("kubectl apply --dry-run=server -f 05-fallback.yaml")).to.equal(
        `${name} (server dry run)\n`,
      );
      const diff = await shell.run("kubectl diff -f 05-fallback.yaml");
      expect(diff.code).to.equal(1);
      expect(diff.stdout).to.contain("+    - name: openai-backend");
      expect(await shell.output("kubectl get aigatewayroute -A")).to.equal("");
      await shell.output("kubectl apply -f 05-fallback.yaml");
      expect(await shell.output("kubectl diff -f 05-fallback.yaml")).to.equal("");
    });

    it("on the server's side says so, and again", async () => {
      const line = "kubectl apply --server-side -f exercise-4-fallback.yaml";
      const said = "aigatewayroute.aigateway.envoyproxy.io/exercise-fallback serverside-applied\n";
      expect(await shell.output(line)).to.equal(said);
      expect(await shell.output(line)).to.equal(said);
      const other = await shell.run(
        "sed 's/priority: 2/priority: 3/' exercise-4-fallback.yaml | kubectl apply --server-side --field-manager=other -f -",
      );
      expect(other.stderr).to.contain('conflict with "kubectl": .spec.rules');
    });

    it("of a Secret does not say its value, and changes it", async () => {
      const yaml = (value: string) =>
        `apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: ai-services}\nstringData: {api-key: ${value}}`;
      expect(await shell.output(`kubectl apply -f - <<EOF\n${yaml("sk-first")}\nEOF`)).to.equal("secret/s created\n");
      const again = await shell.run(`kubectl apply -f - <<EOF\n${yaml("sk-second-one")}\nEOF`);
      expect(again).to.include({ code: 0, stdout: "secret/s configured\n" });
      expect(await shell.output("kubectl get secret s -n ai-services -o yaml")).not.to.match(/sk-|c2st/);
      expect(await shell.output("kubectl describe secret s -n ai-services")).to.contain("api-key:  13 bytes");
    });

    it("is refused with every reason when something is wrong, and what is right is applied", async () => {
      const yaml = (spec: string, name: string) => `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: ${name}}
spec: ${spec}`;
      const unknown = await shell.run(
        `kubectl apply -f - <<EOF\n${yaml('{provider: vLLM, endpont: "http://127.0.0.1:1"}', "typo")}\nEOF`,
      );
      expect(unknown.code).to.equal(1);
      expect(unknown.stderr).to.contain('unknown field "spec.endpont"; did you mean "endpoint"?');
      const one = await shell.run(`kubectl apply -f - <<EOF\n${yaml("{provider: OpenAl, model: 5}", "two")}\nEOF`);
      expect(one.stderr)
        .to.contain('The AIBackend "two" is invalid:')
        .and.contain('* spec.provider: unknown provider "OpenAl"; did you mean "OpenAI"?')
        .and.contain("* spec.model: must be a string");
      const both = await shell.run(
        `kubectl apply -f - <<EOF\n${yaml("{provider: OpenAl}", "bad")}\n---${yaml("{provider: OpenAI}", "good")}\nEOF`,
      );
      expect(both.code).to.equal(1);
      expect(both.stdout).to.equal("aibackend.aigateway.envoyproxy.io/good created\n");
      expect(both.stderr).to.contain('"bad" is invalid: spec.provider: ');
    });

    it("warns of what is not there yet, and the status says it until it is", async () => {
      const backend = `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: b}
spec: {provider: OpenAI, auth: {apiKeySecretRef: {name: later, key: api-key}}}`;
      const applied = await shell.run(`kubectl apply -f - <<EOF${backend}\nEOF`);
      expect(applied.code).to.equal(0);
      expect(applied.stderr).to.contain(
        "Warning: spec.auth.apiKeySecretRef.name: Secret default/later was not found; add it to the files, or run kubectl create secret generic later -n default --from-literal=api-key=...",
      );
      expect(await shell.output("kubectl describe aibackend b")).to.match(/Status: +False\n +Type: +ResolvedRefs/);
      const waiting = shell.output("kubectl wait --for=condition=ResolvedRefs aibackend/b --timeout=20s");
      await shell.output("kubectl create secret generic later --from-literal=api-key=sk-x");
      expect(await waiting).to.equal("aibackend.aigateway.envoyproxy.io/b condition met\n");
    });
  });

  describe("the other verbs", () => {
    it("get knows short names, selectors, formats, and `all`", async () => {
      await shell.output("kubectl apply -f exercise-4-fallback.yaml -f exercise-3-model-limits.yaml");
      await shell.output("kubectl label aigr exercise-fallback team=x");
      const name = "aigatewayroute.aigateway.envoyproxy.io/exercise-fallback\n";
      expect(await shell.output("kubectl get aigr -l team=x -o name")).to.equal(name);
      expect(await shell.output("kubectl get aigr -l team=y -o name")).to.equal("");
      expect(await shell.output("kubectl get btp -o wide")).to.match(
        /^NAME +AGE +ACCEPTED +RESOLVEDREFS +PROGRAMMED\nexercise-model-limits +\d+s +True +True /,
      );
      expect(await shell.output("kubectl get all"))
        .to.contain("exercise-fallback")
        .and.contain("exercise-model-limits");
      expect(await shell.output("kubectl get aigr exercise-fallback -o jsonpath='{.kind}'")).to.equal("AIGatewayRoute");
      const missing = await shell.run("kubectl get aigr nobody");
      expect(missing).to.deep.include({
        code: 1,
        stderr: 'Error from server (NotFound): aigatewayroutes.aigateway.envoyproxy.io "nobody" not found\n',
      });
    });

    it("get -w tells what happens", async () => {
      const watch = shell.follow("kubectl get aigatewayroute -w -o name");
      try {
        await shell.output("kubectl apply -f exercise-4-fallback.yaml");
        await watch.untilSaid(/aigatewayroute.aigateway.envoyproxy.io\/exercise-fallback/);
        const deletion = shell.follow("kubectl get aigatewayroute -w --output-watch-events");
        await deletion.untilSaid(/ADDED +exercise-fallback/);
        await shell.output("kubectl delete aigatewayroute exercise-fallback");
        await deletion.untilSaid(/DELETED +exercise-fallback/);
        await deletion.stop();
      } finally {
        await watch.stop();
      }
    });

    it("explain describes the fields", async () => {
      expect(await shell.output("kubectl explain aigatewayroute.spec.rules")).to.match(
        /backendRefs\t<\[\]Object> -required-/,
      );
      expect(await shell.output("kubectl explain btp.spec.rateLimit.global.rules.limit")).to.contain(
        "enum: Second, Minute, Hour, Day",
      );
    });

    it("edit, patch and replace change it; replace of what has changed meanwhile is refused", async () => {
      await shell.output("kubectl apply -f exercise-4-fallback.yaml");
      const route = "aigatewayroute exercise-fallback";
      const file = up.write("old.yaml", await shell.output(`kubectl get ${route} -o yaml`));
      expect(await shell.output(`EDITOR="sed -i s/gpt-4o$/gpt-4o-mini/" kubectl edit ${route}`)).to.match(/ edited\n$/);
      await shell.output(
        `kubectl patch ${route} --type=json -p '[{"op": "add", "path": "/spec/rules/0/name", "value": "first"}]'`,
      );
      await shell.output(`kubectl patch ${route} --type=merge -p '{"spec": {"hostnames": ["a.example"]}}'`);
      const spec = JSON.parse(await shell.output(`kubectl get ${route} -o jsonpath='{.spec}'`));
      expect(spec).to.deep.include({ hostnames: ["a.example"] });
      expect(spec.rules[0]).to.deep.include({ name: "first" });
      expect(spec.rules[0].matches[0].headers[0].value).to.equal("gpt-4o-mini");
      const stale = await shell.run(`kubectl replace -f ${file}`);
      expect(stale.stderr).to.contain("the object has been modified");
    });

    it("delete takes away what files or names say", async () => {
      await shell.output("kubectl apply -f exercise-4-fallback.yaml -f exercise-1-tokens.yaml");
      expect(await shell.output("kubectl delete -f exercise-4-fallback.yaml")).to.equal(
        'aigatewayroute.aigateway.envoyproxy.io "exercise-fallback" deleted\n',
      );
      expect(await shell.output("kubectl delete llmrequestcost exercise-tokens")).to.contain("deleted");
      expect(filesBelow(resources()).filter((path) => path.endsWith(".yaml"))).to.deep.equal([]);
    });

    it("create makes namespaces, ConfigMaps and, of what is there, an error", async () => {
      expect(await shell.output("kubectl create namespace shop")).to.equal("namespace/shop created\n");
      await shell.output("kubectl create configmap c --from-literal=a=b -n shop");
      expect(await shell.output("kubectl get configmap -n shop")).to.match(/^NAME +DATA +AGE\nc +1 /);
      const again = await shell.run("kubectl create namespace shop");
      expect(again.stderr).to.contain('(AlreadyExists): namespaces "shop" already exists');
      expect(await shell.output("kubectl get namespaces")).to.match(/default +Active .*\nshop +Active /);
      await shell.output("kubectl delete namespace shop");
      expect(await shell.output("kubectl get configmap -n shop")).to.equal("");
    });
  });

  it("takes turns with tollgate's own commands: neither sees a change where the other one applied the same", async () => {
    const tollgate = (words: string) =>
      shell.output(`node ../../../bin/tollgate.mjs ${words} --url ${up.adminUrl} --state-dir ${up.stateDir}`);
    const name = "llmrequestcost.aigateway.envoyproxy.io/exercise-tokens";
    expect(await shell.output("kubectl apply -f exercise-1-tokens.yaml")).to.equal(`${name} created\n`);
    expect(await tollgate("apply -f exercise-1-tokens.yaml")).to.equal(`${name} unchanged\n`);
    expect(await tollgate("get llmrequestcost")).to.match(listed("exercise-tokens"));
    expect(await shell.output("kubectl delete llmrequestcost exercise-tokens")).to.contain("deleted");
    expect(await tollgate("apply -f exercise-1-tokens.yaml")).to.equal(`${name} created\n`);
    const again = await shell.run("kubectl apply -f exercise-1-tokens.yaml");
    expect(again).to.include({ code: 0, stdout: `${name} unchanged\n`, stderr: "" });
    const kubeconfig = await tollgate("kubeconfig");
    expect(kubeconfig).to.equal(readFileSync(join(up.stateDir, "kubeconfig"), "utf8"));
  });

  it("keeps Secrets and everything else where only its owner can read", async () => {
    await shell.output("kubectl create secret generic k --from-literal=api-key=sk-1");
    const kept = filesBelow(resources());
    expect(kept.some((path) => path.endsWith("secret/default/k.yaml"))).to.equal(true);
    for (const path of [...kept, join(up.stateDir, "kubeconfig")])
      expect((statSync(path).mode & 0o777).toString(8), path).to.equal("600");
  });

  it("lets nobody in without the token, nor web pages with it", async () => {
    const token = readFileSync(join(up.stateDir, "admin-token"), "utf8").trim();
    const status = async (headers: Record<string, string>, method = "GET") =>
      (await fetch(`${up.adminUrl}/api/v1/secrets`, { method, headers })).status;
    expect(await status({})).to.equal(401);
    expect(await status({ authorization: "Bearer wrong" })).to.equal(401);
    expect(await status({ authorization: `Basic ${Buffer.from("admin:wrong").toString("base64")}` })).to.equal(401);
    expect(await status({ authorization: `Bearer ${token}` })).to.equal(200);
    expect(await status({ authorization: `Bearer ${token}`, origin: "https://evil.example" }, "DELETE")).to.equal(403);
  });
});

describe("what was applied, after a restart", function () {
  this.timeout(120_000);
  let stateDir: string;
  const shells: UserShell[] = [];
  const ups: Up[] = [];

  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), "tollgate-state-"));
  });

  afterEach(async () => {
    for (const shell of shells.splice(0)) shell.close();
    for (const up of ups.splice(0)) await up.close();
    rmSync(stateDir, { recursive: true, force: true });
  });

  async function start(): Promise<{ readonly up: Up; readonly shell: UserShell }> {
    const up = await (await startUp({ args: ["--state-dir", stateDir] })).untilUp();
    const shell = new UserShell(join(stateDir, "kubeconfig"), { GATEWAY_URL: up.url });
    ups.push(up);
    shells.push(shell);
    return { up, shell };
  }

  const call = (user: string, tokens: number) =>
    `curl -s -o /dev/null -w "%{http_code}\\n" $GATEWAY_URL/v1/chat/completions -H "x-user-id: ${user}" -H "x-mock-usage: ${tokens},0" -d '{"messages": [{"role": "user", "content": "Hello"}]}'`;

  it("is there and is served: exercise 2's budget refuses, a deleted one no longer does", async () => {
    const first = await start();
    const applied = await first.shell.run("kubectl apply -f exercise-1-tokens.yaml -f exercise-2-token-budget.yaml");
    expect(applied.stdout).to.match(/exercise-tokens created\n.*exercise-token-budget created\n$/);
    const age = await first.shell.output(
      "kubectl get btp exercise-token-budget -o jsonpath='{.metadata.creationTimestamp} {.metadata.uid}'",
    );
    await first.up.close();

    const second = await start();
    expect(await second.shell.output("kubectl get llmrequestcost")).to.match(listed("exercise-tokens"));
    expect(
      await second.shell.output(
        "kubectl get btp exercise-token-budget -o jsonpath='{.metadata.creationTimestamp} {.metadata.uid}'",
      ),
    ).to.equal(age);
    await second.shell.output("kubectl wait --for=condition=Programmed btp/exercise-token-budget --timeout=1s");
    expect(await second.shell.output(call("exercise-user", 10_001))).to.equal("200\n");
    // Envoy reports what a request cost when it is done with it
    await until("the budget to refuse", async () => (await second.shell.output(call("exercise-user", 0))) === "429\n");
    expect(await second.shell.output(call("somebody-else", 1))).to.equal("200\n");
    expect(await second.shell.output("kubectl apply -f exercise-2-token-budget.yaml")).to.match(/ unchanged\n$/);
    await second.shell.output("kubectl delete -f exercise-2-token-budget.yaml");
    await second.up.close();

    const third = await start();
    expect(await third.shell.output("kubectl get btp")).to.equal("");
    expect(await third.shell.output(call("exercise-user", 10_001))).to.equal("200\n");
    expect(await third.shell.output(call("exercise-user", 1))).to.equal("200\n");
  });

  it("a gateway that was killed has everything that was acknowledged", async () => {
    const first = await start();
    await first.shell.output("kubectl apply -f exercise-1-tokens.yaml -f exercise-4-fallback.yaml");
    first.up.child.kill("SIGKILL");
    await first.up.ended;
    await first.up.close();
    const second = await start();
    expect(await second.shell.output("kubectl get all -o name")).to.equal(
      "aigatewayroute.aigateway.envoyproxy.io/exercise-fallback\nllmrequestcost.aigateway.envoyproxy.io/exercise-tokens\n",
    );
  });

  it("takes effect at once: exercise 2's budget refuses, a deleted one no longer does, and requests go on", async () => {
    const { shell } = await start();
    const { stderr } = await shell.run("kubectl apply -f exercise-1-tokens.yaml -f exercise-2-token-budget.yaml");
    expect(stderr).not.to.contain("in force");
    expect(await shell.output("kubectl get llmrequestcost -o wide")).to.match(
      /exercise-tokens +\d+s +True +True +True/,
    );
    await shell.output("kubectl wait --for=condition=Programmed btp/exercise-token-budget --timeout=1s");
    expect(await shell.output(call("exercise-user", 10_001))).to.equal("200\n");
    // Envoy reports what a request cost when it is done with it
    await until("the budget to refuse", async () => (await shell.output(call("exercise-user", 0))) === "429\n");
    expect(await shell.output(call("somebody-else", 1))).to.equal("200\n");
    await shell.output("kubectl delete -f exercise-2-token-budget.yaml");
    expect(await shell.output(call("exercise-user", 1))).to.equal("200\n");
  });
});
