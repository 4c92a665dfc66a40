import { expect } from "chai";
import type { Endpoint } from "../../src/core/endpoint.ts";
import { findEndpoint } from "../../src/extproc/find-endpoint.ts";
import { makeSettings } from "../planning/support.ts";
import { endpoint } from "./support.ts";

const models = { ...endpoint, path: "/v1/models", method: "GET" as const };
const messages: Endpoint = { ...endpoint, api: "messages", prefix: "anthropic", path: "/v1/messages" };
const endpoints = [endpoint, models, messages];

function find(method: string, path: string, prefix = "") {
  const settings = makeSettings({ endpointPrefixes: { openai: prefix, anthropic: "/anthropic", cohere: "/cohere" } });
  return findEndpoint(endpoints, settings, method, path, endpoint);
}

describe("findEndpoint", () => {
  it("finds an endpoint by its exact path and method", () => {
    expect(find("POST", "/v1/chat/completions")).to.deep.equal({ kind: "endpoint", endpoint });
    expect(find("GET", "/v1/models")).to.deep.equal({ kind: "endpoint", endpoint: models });
  });

  it("heeds the configured prefix", () => {
    expect(find("POST", "/openai/v1/chat/completions", "/openai").kind).to.equal("endpoint");
    expect(find("POST", "/v1/chat/completions", "/openai").kind).to.equal("error");
  });

  for (const path of ["/", "/v1/chat/completions/", "/v1/chat", "/V1/chat/completions"]) {
    it(`${path} is 404 that names what there is`, () => {
      const found = find("POST", path, "/p");
      if (found.kind !== "error") throw new Error("it was found");
      expect(found.error).to.include({ code: "unknown_path", status: 404 });
      expect(found.error.message).to.include(
        "POST /p/v1/chat/completions, GET /p/v1/models, POST /anthropic/v1/messages",
      );
      expect(found.endpoint).to.equal(endpoint);
    });
  }

  it("finds an endpoint under its own prefix only", () => {
    expect(find("POST", "/anthropic/v1/messages")).to.deep.equal({ kind: "endpoint", endpoint: messages });
    expect(find("POST", "/v1/messages")).to.include({ kind: "error", endpoint });
  });

  it("an unknown path is answered in the dialect of the prefix that it begins with (R159)", () => {
    expect(find("POST", "/anthropic/v1/complete")).to.include({ kind: "error", endpoint: messages });
    expect(find("POST", "/anthropics/v1/messages")).to.include({ kind: "error", endpoint });
  });

  it("of prefixes that begin alike the longest tells the dialect", () => {
    const settings = makeSettings({ endpointPrefixes: { openai: "/llm", anthropic: "/llm/claude", cohere: "/c" } });
    const found = (path: string) => findEndpoint(endpoints, settings, "POST", path, endpoint).endpoint;
    expect(found("/llm/claude/v1/none")).to.equal(messages);
    expect(found("/llm/v1/none")).to.equal(endpoint);
  });

  it("another method is 405 with what is allowed", () => {
    const found = find("DELETE", "/v1/models");
    if (found.kind !== "error") throw new Error("it was found");
    expect(found.error).to.include({ code: "method_not_allowed", status: 405 });
    expect(found.error.headers).to.deep.equal({ allow: "GET" });
    expect(found.endpoint).to.equal(models);
  });
});
