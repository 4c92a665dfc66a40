import { expect } from "chai";
import { group, type Json, llmRequestCost, makeApi, type TestApi } from "./support.ts";

const backends = `${group}/namespaces/default/aibackends`;
const type = "application/apply-patch+yaml";

describe("server-side apply", () => {
  let made: TestApi;
  beforeEach(() => {
    made = makeApi();
  });

  const apply = (manager: string, spec: Json, query = "") =>
    made.ask("PATCH", `${backends}/b?fieldManager=${manager}${query}`, {
      type,
      body: { apiVersion: "aigateway.envoyproxy.io/v1alpha1", kind: "AIBackend", metadata: { name: "b" }, spec },
    });
  const spec = async () => (await made.ask("GET", `${backends}/b`)).json.spec;

  it("creates what is not there, and changes nothing the second time", async () => {
    const first = await apply("me", { provider: "OpenAI" });
    expect(first.status).to.equal(201);
    const again = await apply("me", { provider: "OpenAI" });
    expect(again.status).to.equal(200);
    expect(again.json.metadata.resourceVersion).to.equal(
      (await made.ask("GET", `${backends}/b`)).json.metadata.resourceVersion,
    );
    expect(again.json.metadata.managedFields).to.deep.equal([
      {
        manager: "me",
        operation: "Apply",
        apiVersion: "aigateway.envoyproxy.io/v1alpha1",
        time: "2030-01-01T00:00:00Z",
        fieldsType: "FieldsV1",
        fieldsV1: { "f:spec": { "f:provider": {} } },
      },
    ]);
  });

  it("takes away what its manager no longer names, and leaves what others applied", async () => {
    await apply("me", { provider: "OpenAI", model: "gpt-4o", models: { a: "b", c: "d" } });
    await apply("other", { provider: "OpenAI", region: "eu", models: { c: "d" } });
    await apply("me", { provider: "OpenAI" });
    expect(await spec()).to.deep.equal({ provider: "OpenAI", region: "eu", models: { c: "d" } });
  });

  it("refuses to overwrite what another one applied, and says whose it is", async () => {
    await apply("me", { provider: "OpenAI", model: "gpt-4o" });
    const { status, json } = await apply("other", { provider: "OpenAI", model: "gpt-4o-mini" });
    expect(status).to.equal(409);
    expect(json.message).to.equal('Apply failed with 1 conflict: conflict with "me": .spec.model');
    expect(json.details.causes[0]).to.deep.equal({
      reason: "FieldManagerConflict",
      message: 'conflict with "me"',
      field: ".spec.model",
    });
    expect((await apply("other", { provider: "OpenAI", model: "gpt-4o-mini" }, "&force=true")).status).to.equal(200);
    expect(await spec()).to.include({ model: "gpt-4o-mini" });
    // it is the other's now: the first one can stop naming it without a loss
    await apply("me", { provider: "OpenAI" });
    expect(await spec()).to.include({ model: "gpt-4o-mini" });
  });

  it("gives a field away for good when it was taken by force", async () => {
    await apply("me", { provider: "OpenAI", model: "gpt-4o" });
    await apply("other", { provider: "OpenAI", model: "gpt-4o-mini" }, "&force=true");
    await apply("other", { provider: "OpenAI" });
    expect(await spec()).to.deep.equal({ provider: "OpenAI" });
  });

  it("leaves fields that nobody applied", async () => {
    await apply("me", { provider: "OpenAI" });
    await made.ask("PATCH", `${backends}/b`, { body: { spec: { model: "m" } }, type: "application/merge-patch+json" });
    await apply("me", { provider: "OpenAI", region: "eu" });
    expect(await spec()).to.deep.equal({ provider: "OpenAI", model: "m", region: "eu" });
  });

  it("needs the name of a manager and a whole object of this kind", async () => {
    const path = `${backends}/b`;
    const body = llmRequestCost("b");
    expect((await made.ask("PATCH", path, { type, body: {} })).json).to.include({ code: 400 });
    expect((await made.ask("PATCH", `${path}?fieldManager=me`, { type, body })).json).to.include({ code: 400 });
    expect((await made.ask("PATCH", `${path}?fieldManager=me`, { type, body: [] })).json).to.include({ code: 400 });
    const invalid = await apply("me", { provider: "nobody" });
    expect(invalid.status).to.equal(422);
    expect(made.store.list({})).to.deep.equal([]);
  });

  it("reads YAML too, as its name says", async () => {
    const body = Buffer.from("kind: AIBackend\nmetadata: {name: b}\nspec: {provider: OpenAI}\n");
    expect((await made.ask("PATCH", `${backends}/b?fieldManager=me`, { type, body })).status).to.equal(201);
  });
});
