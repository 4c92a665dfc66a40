// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${ENV} is what Secrets say
import { expect } from "chai";
import { configure } from "../../src/config/configure.ts";
import { compileCostRule } from "../../src/metering/cost-rules.ts";
import { makePriceBook } from "../../src/metering/price-book.ts";
import { aiResource, configOf, configureText, document, messages, pairs, secret } from "./support.ts";

const backend = aiResource("AIBackend", "a", "{provider: OpenAI, auth: {apiKeySecretRef: {name: keys}}}");
const key = secret("keys", "{api-key: sk-1}");

describe("configure", () => {
  it("tells every problem of every file at once, in their order, and gives no configuration", () => {
    const files = [
      { path: "b.yaml", text: aiResource("AIBackend", "a", "{provider: Nobody}"), expandEnv: true },
      { path: "none.yaml", problem: "cannot be read: no such file or directory; check the path" },
      {
        path: "a.yaml",
        text: aiResource("AIGatewayRoute", "r", "{rules: []}") + aiResource("AIThing", "x", "{}"),
        expandEnv: true,
      },
    ];
    const { config, diagnostics } = configure({
      files,
      env: {},
      strict: false,
      pairs,
      compileCost: compileCostRule,
      makePriceBook,
    });
    expect(config).to.equal(undefined);
    expect(diagnostics.map(({ file, severity, path }) => [file, severity, path[0]])).to.deep.equal([
      ["b.yaml", "error", "spec"],
      ["none.yaml", "error", undefined],
      ["a.yaml", "error", "spec"],
      ["a.yaml", "error", "kind"],
    ]);
  });

  it("does not tell a refused resource again where it is referred to", () => {
    const route = aiResource("AIGatewayRoute", "r", "{rules: [{backendRefs: [{name: a}]}]}");
    expect(messages(configureText(route + aiResource("AIBackend", "a", "{}")))).to.have.length(1);
  });

  it("passes over other programs' kinds with an info line", () => {
    const configured = configureText(
      `${document("apps/v1", "Deployment", "d", "{}")}${document("v1", "Service", "s", "{}")}`,
    );
    expect(messages(configured)).to.deep.equal([
      "3:7 kind: info: kind Deployment of apps is not read",
      "8:7 kind: info: kind Service of the core group is not read",
    ]);
    expect(configured.resourceCount).to.equal(0);
  });

  it("reads both versions of the Envoy AI Gateway's kinds", () => {
    const beta = backend.replace("v1alpha1", "v1beta1");
    expect(configOf(beta + key).backends.size).to.equal(1);
  });

  it("reads the items of a List, with their places", () => {
    const text =
      "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: aigateway.envoyproxy.io/v1alpha1\n    kind: AIBackend\n    metadata: {name: a}\n    spec: {provider: Nobody}\n";
    expect(messages(configureText(text))[0]).to.match(/^7:22 spec\.provider: unknown provider "Nobody"/);
  });

  it("accepts what an API server adds", () => {
    const text =
      "apiVersion: aigateway.envoyproxy.io/v1alpha1\nkind: AIBackend\nmetadata:\n  name: a\n  uid: x\n  resourceVersion: '1'\n  generation: 1\n  creationTimestamp: null\n  managedFields: [{manager: m}]\nspec: {provider: vLLM}\nstatus: {conditions: []}\n";
    expect(messages(configureText(text))).to.deep.equal([]);
  });

  it("tells that an HTTPRoute is not served, unless an AIGatewayRoute makes it", () => {
    const plain = document("gateway.networking.k8s.io/v1", "HTTPRoute", "r", "{rules: []}");
    const made = aiResource("AIGatewayRoute", "r", "{rules: [{backendRefs: [{name: b}]}]}");
    const told = "3:7 kind: info: only AIGatewayRoutes are served; this route has no effect";
    expect(messages(configureText(plain))).to.deep.equal([told]);
    const local = aiResource("AIBackend", "b", "{provider: vLLM}");
    expect(messages(configureText(plain + made + local))).to.deep.equal([]);
  });

  it("warns about a file without resources", () => {
    expect(messages(configureText("# nothing\n"))).to.deep.equal(["1:1: warning: has no resources"]);
  });

  describe("version", () => {
    const versionOf = (text: string, env = {}) => configOf(text, { env }).version;

    it("does not change with comments, the order of resources, or the place of keys", () => {
      expect(versionOf(`# comment\n${key}${backend}`)).to.equal(versionOf(backend + key));
      const other = aiResource("AIBackend", "a", "{auth: {apiKeySecretRef: {name: keys}}, provider: OpenAI}");
      expect(versionOf(other + key)).to.equal(versionOf(backend + key));
    });

    it("changes with a resource, with a Secret, and with what the environment says of it", () => {
      const versions = [
        versionOf(backend + key),
        versionOf(backend + key + aiResource("AIBackend", "b", "{provider: vLLM}")),
        versionOf(backend + secret("keys", "{api-key: sk-2}")),
        ...["1", "2"].map((value) => versionOf(backend + secret("keys", "{api-key: '${A}'}"), { A: value })),
      ];
      expect(new Set(versions).size).to.equal(5);
    });
  });
});
