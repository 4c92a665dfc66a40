import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse, parseAllDocuments } from "yaml";
import { configure } from "../../src/config/configure.ts";
import { renderDiagnostic } from "../../src/config/diagnostics.ts";
import { load } from "../../src/config/load.ts";
import { compileCostRule } from "../../src/metering/cost-rules.ts";
import { makePriceBook } from "../../src/metering/price-book.ts";
import { pairs } from "../config/support.ts";

const demo = "envoy/resources/demo";
const replaced = "3-mocks.yaml";

interface MocksService {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const compose = parse(readFileSync("docker-compose.yml", "utf8"), { merge: true }) as {
  readonly services: { readonly mocks: MocksService };
};
const { command, environment } = compose.services.mocks;

/** What the containers read: the demo's folder, with one file mounted over its own. */
function loadAsMounted() {
  const others = readdirSync(demo).filter((name) => name !== replaced);
  const files = load([...others.map((name) => join(demo, name)), join("deploy/compose", replaced)]);
  return configure({ files, env: {}, strict: true, pairs, compileCost: compileCostRule, makePriceBook });
}

interface Secret {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly stringData?: Readonly<Record<string, string>>;
}

describe("docker-compose.yml", () => {
  it("replaces a file that the demo has, and the result says no more than the demo itself", () => {
    expect(readdirSync(demo)).to.include(replaced);
    const alone = configure({
      files: load([demo]),
      env: {},
      strict: true,
      pairs,
      compileCost: compileCostRule,
      makePriceBook,
    });
    const { config, diagnostics } = loadAsMounted();
    expect(config).not.to.equal(undefined);
    expect(diagnostics.map(renderDiagnostic)).to.deep.equal(alone.diagnostics.map(renderDiagnostic));
  });

  it("sends every backend to the port where the mocks' command serves its provider", () => {
    const flags = { OpenAI: "--openai", AzureOpenAI: "--azure", Anthropic: "--anthropic", AWSBedrock: "--bedrock" };
    const { config } = loadAsMounted();
    const backends = [...(config?.backends.values() ?? [])];
    expect(backends).to.have.length(3);
    for (const { endpoint, schema } of backends) {
      const port = command[command.indexOf(flags[schema]) + 1];
      expect(endpoint, schema).to.include({ hostname: "mocks", port: Number(port), tls: undefined });
    }
  });

  it("has the mocks ask for the credentials that the demo's Secrets hold", () => {
    const documents = parseAllDocuments(readFileSync(join(demo, "2-backends.yaml"), "utf8"));
    const secrets = documents.map((document) => document.toJS() as Secret).filter(({ kind }) => kind === "Secret");
    const held = (name: string, key: string) =>
      secrets.find(({ metadata }) => metadata.name === name)?.stringData?.[key];
    expect(environment).to.deep.equal({
      MOCK_OPENAI_KEY: held("openai-credentials", "api-key"),
      MOCK_ANTHROPIC_KEY: held("anthropic-credentials", "api-key"),
      MOCK_AWS_ACCESS_KEY_ID: held("aws-credentials", "access-key-id"),
      MOCK_AWS_SECRET_ACCESS_KEY: held("aws-credentials", "secret-access-key"),
    });
  });
});
