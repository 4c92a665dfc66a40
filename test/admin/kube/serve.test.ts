import { request } from "node:http";
import { expect } from "chai";
import { adminToken, startAdmin } from "../support.ts";
import { group, type Json, llmRequestCost, makeApi, type TestApi } from "./support.ts";

const costs = `${group}/namespaces/default/llmrequestcosts`;
const bearer = `Bearer ${adminToken}`;
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

describe("the resource API on the admin port", () => {
  let made: TestApi;
  let server: Awaited<ReturnType<typeof startAdmin>>;

  beforeEach(async () => {
    made = makeApi();
    server = await startAdmin({}, undefined, undefined, made.api);
  });

  afterEach(() => server.close());

  const ask = async (path: string, headers: Record<string, string>, init: RequestInit = {}) => {
    const response = await fetch(`${server.url}${path}`, { ...init, headers });
    return { status: response.status, headers: response.headers, json: (await response.json()) as Json };
  };
  const json = { authorization: bearer, "content-type": "application/json" };

  it("wants the admin token for everything, as a bearer or as a password, and refuses as a Status", async () => {
    for (const path of ["/apis", "/api/v1/secrets", "/openapi/v3", "/version"]) {
      for (const authorization of [
        undefined,
        "Bearer wrong",
        basic(`${adminToken}:`),
        basic("admin:wrong"),
        basic(adminToken.slice(1)),
      ]) {
        const { status, json: refusal } = await ask(path, authorization === undefined ? {} : { authorization });
        expect(status, `${path} ${authorization}`).to.equal(401);
        expect(refusal).to.include({ kind: "Status", reason: "Unauthorized" });
      }
      for (const authorization of [bearer, basic(`admin:${adminToken}`)])
        expect((await ask(path, { authorization })).status, path).to.equal(200);
    }
  });

  it("gives away nothing before the token was seen: not whether an object is there", async () => {
    await made.ask("POST", costs, { body: llmRequestCost("a") });
    for (const path of [`${costs}/a`, `${costs}/b`, "/apis/nobody"]) expect((await ask(path, {})).status).to.equal(401);
  });

  it("is not there where a gateway takes no resources", async () => {
    const without = await startAdmin({});
    try {
      const response = await fetch(`${without.url}/apis`, { headers: { authorization: bearer } });
      expect(response.status).to.equal(404);
    } finally {
      await without.close();
    }
  });

  it("takes objects, and warnings are headers", async () => {
    made.effect.answer = () => "später … \r\nx: y";
    const { status, headers } = await ask(costs, json, { method: "POST", body: JSON.stringify(llmRequestCost("a")) });
    expect(status).to.equal(201);
    expect(headers.get("warning")).to.equal('299 - "sp ter ... x: y"');
  });

  it("leaves out warnings that would make the head of an answer too large, and says how many", async () => {
    const backendRefs = Array.from({ length: 100 }, (_, index) => ({ name: `missing-${index}` }));
    const body = { kind: "AIGatewayRoute", metadata: { name: "r" }, spec: { rules: [{ backendRefs }] } };
    const path = `${group}/namespaces/default/aigatewayroutes`;
    const { status, headers } = await ask(path, json, { method: "POST", body: JSON.stringify(body) });
    expect(status).to.equal(201);
    const warnings = headers.get("warning") ?? "";
    expect(warnings.length).to.be.within(1_000, 5_000);
    expect(warnings)
      .to.contain("AIBackend or AIServiceBackend default/missing-0 was not found")
      .and.match(/"and \d+ more: kubectl describe tells them"$/);
  });

  it("takes no body without end", async () => {
    const body = JSON.stringify({ ...llmRequestCost("a"), padding: "x".repeat(5 * 1024 * 1024) });
    const outcome = await ask(costs, json, { method: "POST", body }).then(
      ({ status }) => status,
      // the connection may be closed while the rest is still being sent
      () => 413,
    );
    expect(outcome).to.equal(413);
    expect(made.store.list({})).to.deep.equal([]);
  });

  it("says of what the disk refuses that it cannot be kept", async () => {
    made.files.broken = true;
    const { status, json: refusal } = await ask(costs, json, {
      method: "POST",
      body: JSON.stringify(llmRequestCost("a")),
    });
    expect(status).to.equal(500);
    expect(refusal).to.include({ reason: "InternalError" });
    expect(refusal.message).to.contain("the resources cannot be kept: ENOSPC");
  });

  it("keeps web pages out by name and origin", async () => {
    const host = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { host: "evil.example", authorization: bearer };
      request(`${server.url}/apis`, { headers }, ({ statusCode }) => resolve(statusCode))
        .on("error", reject)
        .end();
    });
    expect(host).to.equal(403);
    const post = await ask(costs, { ...json, origin: "https://evil.example" }, { method: "POST", body: "{}" });
    expect(post.status).to.equal(403);
    expect(post.json).to.include({ kind: "Status", reason: "Forbidden" });
  });

  it("sends the head of a watch at once and events as they happen, until the client goes", async () => {
    const end = new AbortController();
    const response = await fetch(`${server.url}${costs}?watch=true`, {
      headers: { authorization: bearer },
      signal: end.signal,
    });
    expect(response.status).to.equal(200);
    const reader = response.body?.getReader();
    await made.ask("POST", costs, { body: llmRequestCost("a") });
    const { value } = (await reader?.read()) ?? {};
    expect(new TextDecoder().decode(value)).to.match(/^{"type":"ADDED".*}\n/);
    end.abort();
    await reader?.read().catch(() => undefined);
    // the server closes at once: no watch holds it
    await server.close();
    server = await startAdmin({}, undefined, undefined, made.api);
  });
});
