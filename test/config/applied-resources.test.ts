import { expect } from "chai";
import { asFiles } from "../../src/cli/applied-resources.ts";
import { checkFiles } from "../../src/cli/configuration.ts";
import { load } from "../../src/config/load.ts";

const file = "envoy/resources/demo/5-costs.yaml";

/** A resource of the file's name, as the resource API keeps it. */
const applied = (key: string): string => `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: LLMRequestCost
metadata: {name: token-tracking, namespace: ai-services}
spec: {llmRequestCosts: [{metadataKey: ${key}, type: TotalToken}]}
`;

describe("resources that were applied, beside files", () => {
  const read = (text: string) =>
    checkFiles([...load([file]), ...asFiles([{ path: "kept/token-tracking.yaml", text }])], {}, undefined);
  const told = (text: string) =>
    read(text).diagnostics.map(({ severity, file: where, message }) => `${severity} ${where}: ${message}`);

  it("take the place of what a file says under the same name, which is told", () => {
    expect(read(applied("mine")).config).not.to.equal(undefined);
    expect(told(applied("mine"))).to.deep.equal([
      `info ${file}: is not used: LLMRequestCost ai-services/token-tracking was applied, see kept/token-tracking.yaml:4`,
    ]);
  });

  it("clash like all others when it is another name that writes the same", () => {
    const other = applied("llm_total_token").replace("name: token-tracking", "name: other");
    expect(told(other).join()).to.contain("error").and.contain("is written by LLMRequestCost");
  });

  it("clash when two of them have one name", () => {
    const texts = ["a.yaml", "b.yaml"].map((path) => ({ path, text: applied("k") }));
    const { diagnostics } = checkFiles(asFiles(texts), {}, undefined);
    expect(diagnostics.map(({ severity, message }) => `${severity} ${message}`)).to.deep.equal([
      "error LLMRequestCost ai-services/token-tracking is defined in a.yaml:4 already; rename or remove one",
    ]);
  });

  it("expand no environment variables in Secrets", () => {
    const text = `
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {api-key: "\${KEY}"}
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: b}
spec: {provider: OpenAI, auth: {apiKeySecretRef: {name: s, key: api-key}}}
`;
    const { config, diagnostics } = checkFiles(
      asFiles([{ path: "s.yaml", text }]),
      { KEY: "sk-of-the-gateway" },
      undefined,
    );
    expect(diagnostics).to.deep.equal([]);
    const auth = config?.backends.get("default/b")?.auth;
    expect(auth !== undefined && "key" in auth && auth.key.reveal()).to.equal("$" + "{KEY}");
  });
});
