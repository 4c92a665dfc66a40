// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${ENV} is what Secrets say
import { expect } from "chai";
import { configure } from "../../../src/config/configure.ts";
import { compileCostRule } from "../../../src/metering/cost-rules.ts";
import { makePriceBook } from "../../../src/metering/price-book.ts";
import { aiResource, backendOf, configOf, configureText, messages, pairs, secret } from "../support.ts";

const backend = aiResource("AIBackend", "b", "{provider: OpenAI, auth: {apiKeySecretRef: {name: keys}}}");

function keyOf(more: string, env: Record<string, string> = {}) {
  const { auth } = backendOf(configOf(backend + more, { env }), "default/b");
  return auth.type === "APIKey" ? auth.key.reveal() : undefined;
}

describe("readSecret", () => {
  it("reads data as base64, and stringData in its place", () => {
    const data = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: keys}\ndata: {api-key: c2stMQ==}\n";
    expect(keyOf(data)).to.equal("sk-1");
    expect(keyOf(`${data}stringData: {api-key: sk-2}\n`)).to.equal("sk-2");
  });

  it("expands ${ENV} in files of the command line", () => {
    expect(keyOf(secret("keys", "{api-key: 'sk-${A}-${B}'}"), { A: "1", B: "2" })).to.equal("sk-1-2");
  });

  it("never expands ${ENV} in what came another way", () => {
    const files = [{ path: "api", text: backend + secret("keys", "{api-key: '${A}'}"), expandEnv: false }];
    const { config } = configure({
      files,
      env: { A: "1" },
      strict: false,
      pairs,
      compileCost: compileCostRule,
      makePriceBook,
    });
    const auth = config?.backends.get("default/b")?.auth;
    expect(auth?.type === "APIKey" && auth.key.reveal()).to.equal("${A}");
  });

  it("tells a missing key with those that there are, and an empty one", () => {
    expect(messages(configureText(backend + secret("keys", "{key: v, other: w}")), "unresolved")).to.deep.equal([
      "5:33 spec.auth.apiKeySecretRef.key: unresolved: Secret default/keys has no key api-key; its keys are key, other",
    ]);
    expect(messages(configureText(backend + secret("keys", "{api-key: ' '}")), "unresolved")[0]).to.contain("is empty");
  });

  it("takes a Secret of the one other namespace that has it, with a warning; of two, none", () => {
    const one = configureText(backend + secret("a/keys", "{api-key: v}"));
    expect(messages(one)[0]).to.contain("warning: Secret keys is not in namespace default; the one in a is used");
    const two = configureText(backend + secret("a/keys", "{api-key: v}") + secret("b/keys", "{api-key: v}"));
    expect(messages(two)[0]).to.contain(
      "unresolved: Secret default/keys was not found, and more than one other namespace has it (a, b)",
    );
  });

  it("does not tell a Secret that was refused a second time", () => {
    const configured = configureText(
      `${backend}---\napiVersion: v1\nkind: Secret\nmetadata: {name: keys}\nstringDate: {}\n`,
    );
    expect(messages(configured)).to.have.length(1);
    expect(messages(configured)[0]).to.contain('unknown field; did you mean "stringData"?');
  });
});
