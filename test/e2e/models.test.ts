import Anthropic from "@anthropic-ai/sdk";
import { expect } from "chai";
import OpenAI from "openai";
import { type Answer, send } from "../support/client.ts";
import { startWorld, type World } from "../support/world.ts";

const route = `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIGatewayRoute
metadata: {name: llm-route, namespace: ai-services}
spec:
  rules:
    - matches: [{headers: [{name: x-ai-eg-model, value: gpt-4o}]}, {headers: [{name: x-ai-eg-model, value: org/model:1}]}]
      modelsOwnedBy: acme
      modelsCreatedAt: "2026-01-31T00:00:00Z"
      backendRefs: [{name: openai-backend}]
    - matches: [{headers: [{name: x-ai-eg-model, type: RegularExpression, value: "claude-.*"}]}]
      backendRefs: [{name: anthropic-backend}]
    - matches: [{headers: [{name: x-ai-eg-model, value: gpt-4o}]}]
      backendRefs: [{name: anthropic-backend}]
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIGatewayRoute
metadata: {name: z-elsewhere, namespace: ai-services}
spec:
  hostnames: [elsewhere.test]
  rules:
    - matches: [{headers: [{name: x-ai-eg-model, value: hidden}]}]
      backendRefs: [{name: openai-backend}]
---
apiVersion: tollgate.dev/v1alpha1
kind: TollgateConfig
metadata: {name: tollgate, namespace: ai-services}
spec: {defaults: {model: claude-default}}
`;

describe("the list of models through the gateway", function () {
  this.timeout(60_000);
  let world: World;

  before(async () => {
    world = await startWorld({ route });
  });
  after(() => world?.close());

  function get(path: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): Promise<Answer> {
    return send(world.url, { path, headers, method });
  }

  const created = Date.UTC(2026, 0, 31) / 1_000;
  const first = { id: "gpt-4o", object: "model", created, owned_by: "acme" };

  it("lists what this host can name, in the order written, each once, the default last", async () => {
    const answer = await get("/v1/models?limit=5");
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.headers["content-type"]).to.equal("application/json");
    expect(answer.json()).to.deep.equal({
      object: "list",
      data: [
        first,
        { ...first, id: "org/model:1" },
        { id: "claude-default", object: "model", created: 0, owned_by: "Tollgate" },
      ],
    });
    expect(world.openai.requests.length + world.anthropic.requests.length).to.equal(0);
  });

  it("tells one by its id, encoded or not, and 404 for others", async () => {
    expect((await get("/v1/models/gpt-4o")).json()).to.deep.equal(first);
    for (const id of ["org/model:1", "org%2Fmodel%3A1"])
      expect((await get(`/v1/models/${id}`)).json()).to.have.property("id", "org/model:1");
    const unknown = await get("/v1/models/hidden");
    expect(unknown.status).to.equal(404);
    expect(unknown.json().error).to.include({ code: "unknown_model", type: "not_found_error" });
  });

  it("speaks Anthropic's dialect under its prefix (R159)", async () => {
    const answer = await get("/anthropic/v1/models");
    expect(answer.json()).to.deep.include({ has_more: false, first_id: "gpt-4o", last_id: "claude-default" });
    expect(answer.json().data[0]).to.deep.equal({
      type: "model",
      id: "gpt-4o",
      display_name: "gpt-4o",
      created_at: "2026-01-31T00:00:00Z",
    });
    const unknown = await get("/anthropic/v1/models/nobody");
    expect([unknown.status, unknown.json().type]).to.deep.equal([404, "error"]);
  });

  it("takes GET only", async () => {
    const answer = await get("/v1/models", {}, "POST");
    expect([answer.status, answer.headers["allow"]]).to.deep.equal([405, "GET"]);
    expect(answer.json().error.code).to.equal("method_not_allowed");
  });

  it("is read by both vendors' own clients", async () => {
    const openai = new OpenAI({ apiKey: "unused", baseURL: `${world.url}/v1`, maxRetries: 0 });
    const listed = await openai.models.list();
    expect(listed.data.map(({ id }) => id)).to.deep.equal(["gpt-4o", "org/model:1", "claude-default"]);
    expect((await openai.models.retrieve("org/model:1")).owned_by).to.equal("acme");
    const anthropic = new Anthropic({ apiKey: "unused", baseURL: `${world.url}/anthropic`, maxRetries: 0 });
    const names: string[] = [];
    for await (const { id } of anthropic.models.list()) names.push(id);
    expect(names).to.deep.equal(["gpt-4o", "org/model:1", "claude-default"]);
  });

  it("leaves no session behind, and no error in the log", () => {
    expect(world.gateway.sessions.size).to.equal(0);
    expect(world.log.filter(({ level }) => level === "error")).to.deep.equal([]);
  });
});

describe("the list of models where both vendors share a prefix", function () {
  this.timeout(60_000);

  it("is Anthropic's for clients that send its version", async () => {
    const shared = route.replace("{defaults:", '{endpoints: {anthropicPrefix: ""}, defaults:');
    const world = await startWorld({ route: shared });
    try {
      const headers = { "anthropic-version": "2023-06-01" };
      expect((await send(world.url, { path: "/v1/models", method: "GET" })).json().object).to.equal("list");
      expect((await send(world.url, { path: "/v1/models", method: "GET", headers })).json().has_more).to.equal(false);
      const message = { model: "claude-x", max_tokens: 9, messages: [{ role: "user", content: "Hi" }] };
      expect((await send(world.url, { path: "/v1/messages", body: message })).json().type).to.equal("message");
    } finally {
      await world.close();
    }
  });
});
