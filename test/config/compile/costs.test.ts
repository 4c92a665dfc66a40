import { expect } from "chai";
import { aiResource, configOf, configureText, document, messages } from "../support.ts";

const backend = aiResource("AIBackend", "a", "{provider: vLLM}");
const route = (more = "", name = "r") =>
  aiResource("AIGatewayRoute", name, `{${more}rules: [{name: one, backendRefs: [{name: a}]}]}`);
const costs = (kind: string, name: string, member: string, ...list: string[]) =>
  aiResource(kind, name, `{${member}: [${list.join(", ")}]}`);
const cost = (key: string, type: string) => `{metadataKey: ${key}, type: ${type}}`;
const local = (name: string, ...list: string[]) => costs("LLMRequestCost", name, "llmRequestCosts", ...list);
const global = (...list: string[]) => costs("GatewayConfig", "g", "globalLLMRequestCosts", ...list);
const typesOf = (text: string) =>
  Object.fromEntries(
    (configOf(text + backend).rules.get("default/r/one")?.costs ?? []).map(({ metadataKey, type }) => [
      metadataKey,
      type,
    ]),
  );

describe("compileCosts", () => {
  const always = { llm_input_token: "InputToken", llm_output_token: "OutputToken", llm_total_token: "TotalToken" };

  it("has three keys without being configured (L4)", () => {
    expect(typesOf(route())).to.deep.equal(always);
  });

  it("prefers the route's rule to its namespace's to the global one (L4)", () => {
    const globals = global(cost("k", "InputToken"), cost("g", "InputToken"), cost("llm_total_token", "ReasoningToken"));
    const locals = local("l", cost("k", "OutputToken"));
    const own = route(`llmRequestCosts: [${cost("k", "TotalToken")}], `);
    expect(typesOf(route() + globals)).to.include({
      k: "InputToken",
      g: "InputToken",
      llm_total_token: "ReasoningToken",
    });
    expect(typesOf(route() + globals + locals)).to.include({ k: "OutputToken", g: "InputToken" });
    expect(typesOf(own + globals + locals)).to.include({ k: "TotalToken" });
  });

  it("applies an LLMRequestCost to the routes of its namespace only", () => {
    expect(typesOf(route() + local("other/l", cost("k", "OutputToken")))).to.deep.equal(always);
  });

  it("applies a GatewayConfig through the Gateway that names it, once there are Gateways", () => {
    const gateway = (annotations: string) =>
      document("gateway.networking.k8s.io/v1", "Gateway", "gw", "{}", annotations);
    const globals = global(cost("k", "InputToken"));
    const naming = gateway("{aigateway.envoyproxy.io/gateway-config: g}");
    expect(typesOf(route("parentRefs: [{name: gw}], ") + globals + naming)).to.have.property("k");
    expect(typesOf(route("parentRefs: [{name: other}], ") + globals + naming)).not.to.have.property("k");
    const unnamed = configureText(route() + backend + globals + gateway("{}"));
    expect(messages(unnamed)[0]).to.contain("warning: no Gateway names it");
  });

  it("reports an expression that cannot be compiled where it was written, once (L5)", () => {
    const bad = local("l", "{metadataKey: k, type: CEL, cel: nonsense_tokens}");
    const configured = configureText(route() + route("hostnames: [x.example], ", "r2") + backend + bad);
    expect(messages(configured)).to.have.length(1);
    expect(messages(configured)[0]).to.contain("spec.llmRequestCosts[0].cel:");
  });
});
