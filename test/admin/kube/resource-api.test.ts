import { expect } from "chai";
import { group, llmRequestCost, makeApi, type TestApi } from "./support.ts";

const costs = `${group}/namespaces/default/llmrequestcosts`;

describe("resource API", () => {
  let made: TestApi;
  beforeEach(() => {
    made = makeApi();
  });

  const create = (name: string, key?: string) => made.ask("POST", costs, { body: llmRequestCost(name, key) });

  describe("create, read, change, delete", () => {
    it("creates what is not there, in the words and with the metadata of Kubernetes", async () => {
      const { status, json } = await create("a");
      expect(status).to.equal(201);
      expect(json.metadata).to.include({
        name: "a",
        namespace: "default",
        uid: "uid-1",
        generation: 1,
        creationTimestamp: "2030-01-01T00:00:00Z",
      });
      const again = await create("a");
      expect(again.status).to.equal(409);
      expect(again.json).to.include({
        kind: "Status",
        reason: "AlreadyExists",
        message: 'llmrequestcosts.aigateway.envoyproxy.io "a" already exists',
      });
    });

    it("shows an object in the version that is asked for, whichever it was written in", async () => {
      await create("a");
      const path = `${costs.replace("v1alpha1", "v1beta1")}/a`;
      expect((await made.ask("GET", path)).json).to.include({ apiVersion: "aigateway.envoyproxy.io/v1beta1" });
      expect((await made.ask("GET", `${costs}/a`)).json).to.include({ apiVersion: "aigateway.envoyproxy.io/v1alpha1" });
      // to write the same in another version is no change
      const before = made.store.version;
      const body = { ...llmRequestCost("a"), apiVersion: "aigateway.envoyproxy.io/v1beta1" };
      expect((await made.ask("PUT", path, { body })).status).to.equal(200);
      expect(made.store.version).to.equal(before);
    });

    it("says what is not there as kubectl expects it", async () => {
      const { status, json } = await made.ask("GET", `${costs}/nobody`);
      expect(status).to.equal(404);
      expect(json).to.deep.include({
        reason: "NotFound",
        message: 'llmrequestcosts.aigateway.envoyproxy.io "nobody" not found',
        details: { name: "nobody", group: "aigateway.envoyproxy.io", kind: "llmrequestcosts" },
      });
      for (const path of ["/apis/nobody/v1/things", "/api/v1/pods", `${group}/llmrequestcosts/a`, `${costs}/a/b`])
        expect((await made.ask("GET", path)).json, path).to.include({ code: 404, reason: "NotFound" });
    });

    it("lists those of a namespace, or of all, with the version to watch from", async () => {
      await create("a");
      await made.ask("POST", `${group}/namespaces/shop/llmrequestcosts`, { body: llmRequestCost("b", "k", "shop") });
      const { json } = await made.ask("GET", `${group}/llmrequestcosts`);
      expect(json).to.include({ kind: "LLMRequestCostList", apiVersion: "aigateway.envoyproxy.io/v1alpha1" });
      expect(json.items.map((item: { metadata: { name: string } }) => item.metadata.name)).to.deep.equal(["a", "b"]);
      expect(json.metadata.resourceVersion).to.equal(String(made.store.version));
      expect((await made.ask("GET", costs)).json.items).to.have.length(1);
    });

    it("refuses a change of what somebody else has changed meanwhile", async () => {
      const { json } = await create("a");
      const stale = { ...json, metadata: { ...json.metadata, resourceVersion: "1" } };
      const { status, json: refusal } = await made.ask("PUT", `${costs}/a`, { body: stale });
      expect(status).to.equal(409);
      expect(refusal).to.include({ reason: "Conflict" });
      expect(refusal.message).to.contain(
        "the object has been modified; please apply your changes to the latest version",
      );
      const other = { ...json, metadata: { ...json.metadata, uid: "another", resourceVersion: undefined } };
      expect((await made.ask("PUT", `${costs}/a`, { body: other })).status).to.equal(409);
    });

    it("counts generations, and changes no version when nothing changes", async () => {
      await create("a");
      const patch = (body: unknown) => made.ask("PATCH", `${costs}/a`, { body, type: "application/merge-patch+json" });
      const cost = (key: string) => ({ spec: { llmRequestCosts: [{ metadataKey: key, type: "InputToken" }] } });
      const changed = await patch(cost("k"));
      expect(changed.json.metadata.generation).to.equal(2);
      const same = await patch(cost("k"));
      expect(same.json.metadata.resourceVersion).to.equal(changed.json.metadata.resourceVersion);
      expect((await patch({ metadata: { labels: { team: "x" } } })).json.metadata).to.deep.include({
        generation: 2,
        labels: { team: "x" },
      });
      expect((await patch({ metadata: { labels: { team: null } } })).json.metadata).not.to.have.property("labels");
    });

    it("deletes, and says which object it was", async () => {
      await create("a");
      const { status, json } = await made.ask("DELETE", `${costs}/a`);
      expect(status).to.equal(200);
      expect(json).to.deep.include({ kind: "Status", status: "Success" });
      expect(json.details).to.include({ name: "a", uid: "uid-1" });
      expect((await made.ask("GET", `${costs}/a`)).status).to.equal(404);
      expect(made.files.texts.size).to.equal(0);
      expect((await made.ask("DELETE", `${costs}/a`)).status).to.equal(404);
    });

    it("deletes only the object that the client means", async () => {
      await create("a");
      const body = { kind: "DeleteOptions", preconditions: { uid: "another" } };
      expect((await made.ask("DELETE", `${costs}/a`, { body })).json).to.include({ code: 409, reason: "Conflict" });
      expect((await made.ask("GET", `${costs}/a`)).status).to.equal(200);
    });

    it("deletes all that selectors name", async () => {
      await create("a", "k1");
      await create("b", "k2");
      await made.ask("DELETE", `${costs}?fieldSelector=metadata.name%3Da`);
      expect((await made.ask("GET", costs)).json.items).to.have.length(1);
    });

    it("changes the status of nothing by what clients write", async () => {
      await create("a");
      expect((await made.ask("PUT", `${costs}/a/status`, { body: llmRequestCost("a") })).status).to.equal(405);
      const before = (await made.ask("GET", `${costs}/a`)).json.status;
      await made.ask("PATCH", `${costs}/a`, { body: { status: { mine: 1 } }, type: "application/merge-patch+json" });
      expect((await made.ask("GET", `${costs}/a`)).json.status).to.deep.equal(before);
      expect((await made.ask("GET", `${costs}/a/status`)).json.status).to.deep.equal(before);
    });
  });

  describe("dry runs", () => {
    it("answer as if, and keep nothing", async () => {
      const { status, json } = await made.ask("POST", `${costs}?dryRun=All`, { body: llmRequestCost("a") });
      expect(status).to.equal(201);
      expect(json.metadata).to.include({ name: "a" }).and.not.have.property("resourceVersion");
      expect(made.store.list({})).to.deep.equal([]);
      await create("a");
      const body = { metadata: { labels: { x: "y" } } };
      const patched = await made.ask("PATCH", `${costs}/a?dryRun=All`, { body, type: "application/merge-patch+json" });
      expect(patched.json.metadata.labels).to.deep.equal({ x: "y" });
      await made.ask("DELETE", `${costs}/a?dryRun=All`);
      await made.ask("DELETE", `${costs}/a`, { body: { dryRun: ["All"] } });
      const kept = await made.ask("GET", `${costs}/a`);
      expect(kept.json.metadata).not.to.have.property("labels");
      expect(made.effect.calls).to.equal(1);
    });

    it("refuse what would be refused", async () => {
      const { status } = await made.ask("POST", `${costs}?dryRun=All`, { body: llmRequestCost("a", "") });
      expect(status).to.equal(422);
      expect((await made.ask("POST", `${costs}?dryRun=Some`, { body: llmRequestCost("a") })).status).to.equal(400);
    });
  });

  describe("what is wrong with an object", () => {
    it("is told all at once, as causes and as text", async () => {
      const body = { ...llmRequestCost("a"), spec: { llmRequestCosts: [{ metadataKey: "a b", type: "Tokens" }] } };
      const { status, json } = await made.ask("POST", costs, { body });
      expect(status).to.equal(422);
      expect(json.reason).to.equal("Invalid");
      expect(json.details).to.include({ kind: "LLMRequestCost", name: "a", group: "aigateway.envoyproxy.io" });
      expect(json.details.causes.map(({ field }: { field: string }) => field)).to.have.members([
        "spec.llmRequestCosts[0].metadataKey",
        "spec.llmRequestCosts[0].type",
      ]);
      expect(json.message)
        .to.match(/^LLMRequestCost.aigateway.envoyproxy.io "a" is invalid: \[/)
        .and.contain("spec.llmRequestCosts[0].type: ");
      expect(made.files.texts.size).to.equal(0);
    });

    it("is found also between objects: with others that were applied, and with files", async () => {
      await create("a", "k");
      const twice = await create("b", "k");
      expect(twice.status).to.equal(422);
      expect(twice.json.message).to.contain('"k" is written by LLMRequestCost default/a');
      // AIServiceBackends are told of the AIBackend that takes their name
      const body = {
        apiVersion: "aigateway.envoyproxy.io/v1alpha1",
        kind: "AIServiceBackend",
        metadata: { name: "x" },
        spec: {
          schema: { name: "OpenAI" },
          backendRef: { name: "x", kind: "Backend", group: "gateway.envoyproxy.io" },
        },
      };
      const first = await made.ask("POST", `${group}/namespaces/default/aiservicebackends`, { body });
      expect(first.status, JSON.stringify(first.json)).to.equal(201);
      const second = await made.ask("POST", `${group}/namespaces/default/aibackends`, {
        body: { ...body, kind: "AIBackend", spec: { provider: "OpenAI" } },
      });
      expect(second.status).to.equal(422);
      expect(second.json.details.causes[0].message).to.contain("has this name already");
    });

    it("is not a reason to refuse another object that is well", async () => {
      made.files.texts.set(
        "kept/broken.yaml",
        "apiVersion: tollgate.dev/v1alpha1\nkind: Budgett\nmetadata: {name: x}\n",
      );
      const again = makeApi([], made.files);
      const { status, json, warnings } = await again.ask("POST", costs, { body: llmRequestCost("a") });
      expect(status).to.equal(201);
      expect(warnings.join()).to.contain(
        "the gateway keeps its last good configuration, because of kept/broken.yaml:2",
      );
      const programmed = json.status.conditions.find(({ type }: { type: string }) => type === "Programmed");
      expect(programmed).to.include({ status: "False", reason: "Invalid" });
      expect(again.effect.calls).to.equal(0);
    });

    it("does not hold up what clients may leave out: kind and version of the path", async () => {
      const { apiVersion: _a, kind: _k, ...body } = llmRequestCost("a");
      expect((await made.ask("POST", costs, { body })).status).to.equal(201);
    });

    it("is a body that is not what the path names", async () => {
      const refused = async (body: unknown, path = costs) => (await made.ask("POST", path, { body })).json;
      expect(await refused({ ...llmRequestCost("a"), kind: "AIBackend" })).to.include({ code: 400 });
      expect(await refused(llmRequestCost("a", "k", "elsewhere"))).to.include({ code: 400 });
      expect(await refused({ ...llmRequestCost("a"), metadata: {} })).to.include({ code: 422, reason: "Invalid" });
      expect(await refused([])).to.include({ code: 400 });
      const put = await made.ask("PUT", `${costs}/b`, { body: llmRequestCost("a") });
      expect(put.json).to.include({ code: 400 });
      const text = await made.ask("POST", costs, { body: Buffer.from("{") });
      expect(text.json).to.include({ code: 400, message: "the body is not valid JSON" });
    });

    it("is a content type that nobody reads, so that no form of a web page is taken", async () => {
      for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
        expect((await made.ask("POST", costs, { body: llmRequestCost("a"), type })).json).to.include({ code: 415 });
      await create("a");
      expect((await made.ask("PATCH", `${costs}/a`, { body: {}, type: "application/json" })).json).to.include({
        code: 415,
      });
    });

    it("is a name that leads elsewhere", async () => {
      const path = `${group}/namespaces/..%2F..%2Fx/llmrequestcosts`;
      expect((await made.ask("POST", path, { body: llmRequestCost("a", "k", "../../x") })).status).to.equal(422);
      expect((await made.ask("POST", costs, { body: llmRequestCost("../a") })).status).to.equal(422);
      expect(made.files.texts.size).to.equal(0);
    });
  });

  describe("fields that a kind does not have", () => {
    const body = {
      ...llmRequestCost("a"),
      spec: { llmRequestCosts: [{ metadataKey: "k", typ: "x", type: "TotalToken" }] },
    };

    it("are refused with Strict, dropped and told with Warn, dropped with Ignore", async () => {
      const strict = await made.ask("POST", `${costs}?fieldValidation=Strict`, { body });
      expect(strict.json).to.include({ code: 400, reason: "BadRequest" });
      expect(strict.json.message).to.contain(
        'strict decoding error: unknown field "spec.llmRequestCosts[0].typ"; did you mean "type"?',
      );
      const ignored = await made.ask("POST", `${costs}?fieldValidation=Ignore&dryRun=All`, { body });
      expect(ignored.warnings).to.deep.equal([]);
      const warned = await made.ask("POST", `${costs}?fieldValidation=Warn`, { body });
      expect(warned.status).to.equal(201);
      expect(warned.warnings).to.deep.equal([
        String.raw`299 - "unknown field \"spec.llmRequestCosts[0].typ\"; did you mean \"type\"?"`,
      ]);
      expect(warned.json.spec.llmRequestCosts[0]).to.deep.equal({ metadataKey: "k", type: "TotalToken" });
    });

    it("are told by default, as Kubernetes does", async () => {
      expect((await made.ask("POST", costs, { body })).warnings).to.have.length(1);
      const other = { ...body, metadata: { name: "b" } };
      expect((await made.ask("POST", `${costs}?fieldValidation=Perhaps`, { body: other })).status).to.equal(400);
    });
  });

  describe("conditions", () => {
    const backend = {
      apiVersion: "aigateway.envoyproxy.io/v1alpha1",
      kind: "AIBackend",
      metadata: { name: "b" },
      spec: { provider: "OpenAI", auth: { apiKeySecretRef: { name: "key", key: "api-key" } } },
    };
    const backends = `${group}/namespaces/default/aibackends`;
    const conditions = async (path: string): Promise<Record<string, string>> => {
      const { json } = await made.ask("GET", path);
      const found = json.status.conditions as { type: string; status: string; message: string }[];
      return Object.fromEntries(found.map(({ type, status, message }) => [type, `${status} ${message}`.trim()]));
    };

    it("say that it is accepted, that what it names is there, and that it is served", async () => {
      await create("a");
      expect(await conditions(`${costs}/a`)).to.deep.equal({
        Accepted: "True",
        ResolvedRefs: "True",
        Programmed: "True",
      });
    });

    it("say what is not there yet, and no more once it is", async () => {
      const { warnings } = await made.ask("POST", backends, { body: backend });
      expect(warnings.join()).to.contain("Secret default/key was not found");
      const before = await conditions(`${backends}/b`);
      expect(before["Accepted"]).to.equal("True");
      expect(before["ResolvedRefs"]).to.contain(
        "False spec.auth.apiKeySecretRef.name: Secret default/key was not found; add it to the files, or run kubectl create secret generic key -n default --from-literal=api-key=…",
      );
      made.nowMs += 60_000;
      const body = { apiVersion: "v1", kind: "Secret", metadata: { name: "key" }, stringData: { "api-key": "sk" } };
      await made.ask("POST", "/api/v1/namespaces/default/secrets", { body });
      expect((await conditions(`${backends}/b`))["ResolvedRefs"]).to.equal("True");
      const { json } = await made.ask("GET", `${backends}/b`);
      const times = json.status.conditions.map((one: { lastTransitionTime: string }) => one.lastTransitionTime);
      expect(times).to.deep.equal(["2030-01-01T00:00:00Z", "2030-01-01T00:01:00Z", "2030-01-01T00:00:00Z"]);
    });

    it("say why it is not served yet", async () => {
      made.effect.answer = () => "later";
      expect((await create("a")).warnings).to.deep.equal(['299 - "later"']);
      expect((await conditions(`${costs}/a`))["Programmed"]).to.equal("False later");
      made.effect.answer = () => {
        throw new Error("Envoy is away");
      };
      await create("b", "k2");
      expect((await conditions(`${costs}/a`))["Programmed"]).to.equal(
        "False could not be made effective: Envoy is away",
      );
      made.effect.answer = () => undefined;
      await made.api.refresh();
      expect((await conditions(`${costs}/a`))["Programmed"]).to.equal("True");
    });

    it("are known after a restart once everything was looked at, and are not on disk", async () => {
      await create("a");
      expect([...made.files.texts.values()].join()).not.to.contain("conditions");
      const again = makeApi([], made.files);
      expect((await again.ask("GET", `${costs}/a`)).json).not.to.have.property("status");
      await again.api.refresh();
      expect((await again.ask("GET", `${costs}/a`)).json.status.conditions).to.have.length(3);
    });

    it("say that a deletion took away what is needed", async () => {
      await made.ask("POST", "/api/v1/namespaces/default/secrets", {
        body: { metadata: { name: "key" }, stringData: { "api-key": "sk" } },
      });
      await made.ask("POST", backends, { body: backend });
      await made.ask("DELETE", "/api/v1/namespaces/default/secrets/key");
      expect((await conditions(`${backends}/b`))["ResolvedRefs"]).to.match(/^False/);
    });
  });

  describe("with files", () => {
    it("takes the place of what a file says under the same name, until it is deleted", async () => {
      made = makeApi(["envoy/resources/demo/5-costs.yaml"]);
      const there = `${group}/namespaces/ai-services/llmrequestcosts`;
      // in the file, not in the API
      expect((await made.ask("GET", `${there}/token-tracking`)).status).to.equal(404);
      const own = await made.ask("POST", there, {
        body: llmRequestCost("token-tracking", "llm_total_token", "ai-services"),
      });
      expect(own.status, JSON.stringify(own.json)).to.equal(201);
      // another name with a key that the file writes
      const clash = await made.ask("POST", there, { body: llmRequestCost("mine", "llm_cost_cents", "ai-services") });
      expect(clash.json.message).to.contain("llm_cost_cents").and.contain("5-costs.yaml:");
      await made.ask("DELETE", `${there}/token-tracking`);
      const back = await made.ask("POST", there, { body: llmRequestCost("mine", "llm_total_token", "ai-services") });
      expect(back.json.message).to.contain("5-costs.yaml:");
    });
  });

  describe("namespaces", () => {
    it("are there when somebody made them or something is in them, and default always", async () => {
      const names = async () =>
        (await made.ask("GET", "/api/v1/namespaces")).json.items.map(
          (item: { metadata: { name: string } }) => item.metadata.name,
        );
      expect(await names()).to.deep.equal(["default"]);
      await made.ask("POST", "/api/v1/namespaces", { body: { metadata: { name: "made" } } });
      await made.ask("POST", `${group}/namespaces/used/llmrequestcosts`, { body: llmRequestCost("a", "k", "used") });
      expect(await names()).to.deep.equal(["default", "made", "used"]);
      expect((await made.ask("GET", "/api/v1/namespaces/used")).json.status).to.deep.equal({ phase: "Active" });
      expect((await made.ask("GET", "/api/v1/namespaces/nowhere")).status).to.equal(404);
      // one that is only used can still be made
      expect((await made.ask("POST", "/api/v1/namespaces", { body: { metadata: { name: "used" } } })).status).to.equal(
        201,
      );
    });

    it("take along what is in them", async () => {
      await made.ask("POST", "/api/v1/namespaces", { body: { metadata: { name: "shop" } } });
      await made.ask("POST", `${group}/namespaces/shop/llmrequestcosts`, { body: llmRequestCost("a", "k", "shop") });
      await create("stays");
      await made.ask("DELETE", "/api/v1/namespaces/shop");
      expect(made.store.list({}).map(({ metadata }) => metadata.name)).to.deep.equal(["stays"]);
    });
  });

  it("keeps the namespace default, as Kubernetes does", async () => {
    await create("a");
    const { json } = await made.ask("DELETE", "/api/v1/namespaces/default");
    expect(json).to.include({
      code: 403,
      message: 'namespaces "default" is forbidden: this namespace may not be deleted',
    });
    expect(made.store.list({})).to.have.length(1);
  });

  it("says of a disk that is full that nothing was kept", async () => {
    made.files.broken = true;
    const failure = await create("a").then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).to.be.an("error").with.property("message").that.contains("ENOSPC");
    expect((await made.ask("GET", `${costs}/a`)).status).to.equal(404);
  });
});
