import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { loadConfiguration } from "../../src/cli/configuration.ts";
import type { RuntimeConfig } from "../../src/core/runtime-config.ts";
import { renderDynamicBootstrap } from "../../src/envoy/bootstrap.ts";
import { renderDynamic } from "../../src/envoy/dynamic.ts";
import { JsonMessages } from "../../src/grpc/json-message.ts";
import { ProtoTypes } from "../../src/grpc/proto-types.ts";
import { resourceProtos, SnapshotMaker } from "../../src/xds/snapshot.ts";
import { aiResource, configOf, secret } from "../config/support.ts";
import type { Loose } from "../support/client.ts";
import { Judge } from "./support.ts";

const examples = fileURLToPath(new URL("../../envoy/resources/", import.meta.url));
const keys = { OPENAI_API_KEY: "sk-openai", ANTHROPIC_API_KEY: "sk-ant" };

/** Two backends, of which the first has this port. */
function configWith(port: number, key = "k"): RuntimeConfig {
  return configOf(
    aiResource(
      "AIBackend",
      "a",
      `{provider: vLLM, endpoint: 'http://10.0.0.1:${port}', auth: {apiKeySecretRef: {name: s, key: k}}}`,
    ) +
      aiResource("AIBackend", "b", "{provider: OpenAI}") +
      aiResource("AIGatewayRoute", "r", "{rules: [{name: one, backendRefs: [{name: a}, {name: b}]}]}") +
      secret("s", `{k: ${key}}`),
  );
}

describe("what Envoy gets through ADS", function () {
  this.timeout(60_000);
  let judge: Judge;

  before(() => {
    judge = new Judge();
  });
  after(() => judge.close());

  const render = (config: RuntimeConfig) => renderDynamic(config, judge.options);

  it("begins with a bootstrap that is valid for Envoy", async () => {
    expect(await judge.objections(renderDynamicBootstrap(configWith(1), { ...judge.options, adminPort: 0 }))).to.equal(
      "",
    );
  });

  it("can be encoded, field by field, for every example", () => {
    const messages = new JsonMessages(new ProtoTypes(resourceProtos));
    const maker = new SnapshotMaker({ encode: (name, resource) => messages.encode(name, resource), hash: String });
    // of patterns each file stands alone
    const folders = readdirSync(examples).filter((name) => name !== "patterns");
    const patterns = readdirSync(join(examples, "patterns")).map((name) => `patterns/${name}`);
    for (const example of [...folders, ...patterns]) {
      const { clusters, listener, routes } = render(loadConfiguration([join(examples, example)], keys).config);
      const snapshot = maker.make({
        cluster: clusters,
        listener: new Map([["ai", listener]]),
        route: new Map([["ai", routes]]),
      });
      expect(snapshot.cluster.resources.size, example).to.be.greaterThan(0);
    }
  });

  it("calls a changed backend's cluster otherwise, so that it stands beside the former one, and the others as before", () => {
    const [first, second] = [render(configWith(1)), render(configWith(2))];
    expect(first.clusterNames.get("default/a")).to.match(/^default\/a@[0-9a-f]{12}$/);
    expect(second.clusterNames.get("default/a")).not.to.equal(first.clusterNames.get("default/a"));
    expect(second.clusterNames.get("default/b")).to.equal(first.clusterNames.get("default/b"));
    expect(render(configWith(1)).clusterNames).to.deep.equal(first.clusterNames);
  });

  it("calls it as its backend in statistics, logs and for the attempt's exchange", () => {
    const { clusters, clusterNames } = render(configWith(1));
    const cluster: Loose = clusters.get(clusterNames.get("default/a") ?? "");
    expect(cluster.alt_stat_name).to.equal("default/a");
    expect(cluster.metadata.filter_metadata["aigateway.envoy.io"].per_route_rule_backend_name).to.equal("default/a");
    expect(cluster.name).to.equal(clusterNames.get("default/a"));
  });

  it("has routes that lead to these clusters, and a first route that tells of which version they are", () => {
    const config = configWith(1);
    const { routes, clusterNames, listener } = render(config);
    const [virtualHost] = (routes as Loose).virtual_hosts;
    const groups = virtualHost.routes[0].route.inline_cluster_specifier_plugin.extension.typed_config.priority_groups;
    expect(groups.map(({ clusters }: Loose) => clusters[0].cluster_name)).to.deep.equal([...clusterNames.values()]);
    expect(virtualHost.routes.at(-1)).to.deep.include({ name: config.version, match: { prefix: "/" } });
    const manager = (listener as Loose).filter_chains[0].filters[0].typed_config;
    expect(manager.rds.route_config_name).to.equal((routes as Loose).name);
    expect(manager).not.to.have.property("route_config");
  });

  it("tells another version when only a key is another, which Envoy never sees", () => {
    const [first, second] = [render(configWith(1, "one")), render(configWith(1, "two"))];
    expect(second.clusterNames).to.deep.equal(first.clusterNames);
    expect(second.listener).to.deep.equal(first.listener);
    expect(second.routes).not.to.deep.equal(first.routes);
    expect(JSON.stringify([[...second.clusters], second.listener, second.routes])).not.to.contain('"two"');
  });
});
