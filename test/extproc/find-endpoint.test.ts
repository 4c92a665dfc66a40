import { expect } from "chai";
import { findEndpoint } from "../../src/extproc/find-endpoint.ts";
import { makeSettings } from "../planning/support.ts";
import { endpoint } from "./support.ts";

const models = { ...endpoint, path: "/v1/models", method: "GET" as const };
const endpoints = [endpoint, models];

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
      expect(found.error.message).to.include("POST /p/v1/chat/completions, GET /p/v1/models");
      expect(found.endpoint).to.equal(endpoint);
    });
  }

  it("another method is 405 with what is allowed", () => {
    const found = find("DELETE", "/v1/models");
    if (found.kind !== "error") throw new Error("it was found");
    expect(found.error).to.include({ code: "method_not_allowed", status: 405 });
    expect(found.error.headers).to.deep.equal({ allow: "GET" });
    expect(found.endpoint).to.equal(models);
  });
});
