import { expect } from "chai";
import { type Json, makeApi, secret, type TestApi } from "./support.ts";

const secrets = "/api/v1/namespaces/default/secrets";
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";
const value = "sk-must-not-be-shown";
const inBase64 = Buffer.from(value).toString("base64");

describe("Secrets in the resource API", () => {
  let made: TestApi;
  const answers: string[] = [];
  const ask = async (...args: Parameters<TestApi["ask"]>) => {
    const asked = await made.ask(...args);
    answers.push(asked.answer.body, ...asked.warnings);
    return asked;
  };
  const kept = (): Json => made.store.get({ group: "", kind: "Secret", namespace: "default", name: "s" });

  beforeEach(() => {
    made = makeApi();
    answers.length = 0;
  });

  afterEach(() => {
    // whatever a test did, no answer holds the value
    for (const answer of answers) expect(answer).not.to.contain(value).and.not.to.contain(inBase64);
  });

  it("keep their values and show masks of their length", async () => {
    await ask("POST", secrets, { body: secret("s", { "api-key": value }) });
    expect(kept().data).to.deep.equal({ "api-key": inBase64 });
    const { json } = await ask("GET", `${secrets}/s`);
    expect(Buffer.from(json.data["api-key"], "base64").toString()).to.equal("*".repeat(value.length));
    expect(json.type).to.equal("Opaque");
    await ask("GET", secrets);
    await ask("GET", secrets, { headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" } });
    const watch = await made.ask("GET", `${secrets}?watch=true`);
    const gone = AbortSignal.abort();
    await watch.answer.follow?.((line) => void answers.push(line), gone);
    expect(answers.at(-1)).to.contain('"ADDED"');
  });

  it("take plain texts, which become data", async () => {
    const body = { metadata: { name: "s" }, stringData: { "api-key": value } };
    await ask("POST", secrets, { body });
    expect(kept()).to.have.property("data").that.deep.equals({ "api-key": inBase64 });
    expect(kept()).not.to.have.property("stringData");
    await ask("PATCH", `${secrets}/s`, {
      body: { stringData: { other: "x" } },
      type: "application/strategic-merge-patch+json",
    });
    expect(kept().data).to.deep.equal({ "api-key": inBase64, other: Buffer.from("x").toString("base64") });
  });

  it("keep a value that comes back as its mask: what was read can be written again", async () => {
    await ask("POST", secrets, { body: secret("s", { "api-key": value, other: "b" }) });
    const { json } = await ask("GET", `${secrets}/s`);
    const other = Buffer.from("new").toString("base64");
    await ask("PUT", `${secrets}/s`, { body: { ...json, data: { ...json.data, other } } });
    expect(kept().data).to.deep.equal({ "api-key": inBase64, other });
    await ask("PUT", `${secrets}/s`, {
      body: { ...json, data: { "api-key": json.data["api-key"] }, metadata: { name: "s" } },
    });
    expect(kept().data).to.deep.equal({ "api-key": inBase64 });
  });

  it("lose the values that a client noted as applied, and keep the rest of the note", async () => {
    const noted = `${JSON.stringify({ kind: "Secret", data: { "api-key": inBase64 }, stringData: { plain: value } })}\n`;
    const body = {
      ...secret("s", { "api-key": value }),
      metadata: { name: "s", annotations: { [lastApplied]: noted, a: "b" } },
    };
    const { json } = await ask("POST", secrets, { body });
    expect(JSON.parse(json.metadata.annotations[lastApplied])).to.deep.equal({
      kind: "Secret",
      data: { "api-key": "" },
      stringData: { plain: "" },
    });
    expect(json.metadata.annotations["a"]).to.equal("b");
    expect([...made.files.texts.values()].join()).not.to.contain(value);
    const broken = { ...body, metadata: { name: "t", annotations: { [lastApplied]: `{"data": "${inBase64}` } } };
    const other = await ask("POST", secrets, { body: broken });
    expect(other.json.metadata).not.to.have.property("annotations");
  });

  it("show no value when they are refused", async () => {
    const refused = async (body: unknown) => (await ask("POST", secrets, { body })).json;
    expect(await refused({ metadata: { name: "s" }, data: { "api-key": value } })).to.include({ code: 422 });
    expect(await refused({ metadata: { name: "s" }, stringData: { "api-key": value }, immutable: value })).to.include({
      code: 422,
    });
    expect(await refused({ metadata: { name: "s" }, stringData: { "api-key": 5 } })).to.include({ code: 422 });
    expect((await ask("POST", secrets, { body: Buffer.from(`{"data": "${value}`) })).json).to.include({ code: 400 });
  });

  it("expand no environment variables: those are the gateway's own", async () => {
    await ask("POST", secrets, { body: { metadata: { name: "s" }, stringData: { "api-key": "$" + "{HOME}" } } });
    expect(Buffer.from(kept().data["api-key"], "base64").toString()).to.equal("$" + "{HOME}");
  });
});
