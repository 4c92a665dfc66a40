import { expect } from "chai";
import { EnvoyFeed } from "../../src/cli/envoy-feed.ts";
import type { RuntimeConfig } from "../../src/core/runtime-config.ts";
import type { StreamHandler } from "../../src/grpc/server.ts";
import type { DiscoveryRequest, DiscoveryResponse } from "../../src/xds/messages.ts";
import { kindOf, type ResourceKind, resourceKinds } from "../../src/xds/snapshot.ts";
import { aiResource, configOf } from "../config/support.ts";
import { answer, subscribe } from "../xds/support.ts";

function makeConfig(port: number): RuntimeConfig {
  return configOf(
    aiResource("AIBackend", "a", `{provider: vLLM, endpoint: 'http://10.0.0.1:${port}'}`) +
      aiResource("AIGatewayRoute", "r", "{rules: [{name: one, backendRefs: [{name: a}]}]}"),
  );
}

const soon = (): Promise<void> => new Promise(setImmediate);

describe("EnvoyFeed", function () {
  this.timeout(20_000);
  const [first, second] = [makeConfig(1), makeConfig(2)];

  /** A feed, and an Envoy that has accepted everything. */
  function start() {
    const received: DiscoveryResponse[] = [];
    const refused: string[] = [];
    const warming: (() => void)[] = [];
    const feed = new EnvoyFeed({
      config: first,
      render: {
        grpcAddress: "unix:/run/tollgate/grpc.sock",
        listen: { address: "127.0.0.1", port: 8080 },
        adminPort: undefined,
        tombstonePort: 18_999,
        accessLogPath: undefined,
        trustedCaFile: "/ca.pem",
      },
      warmed: () => new Promise((resolve) => warming.push(resolve)),
      refused: (reason) => refused.push(reason),
    });
    const service = feed.service();
    if (service.kind === "unary") throw new Error("no stream");
    const stream: StreamHandler<DiscoveryRequest> = service.open({
      send: (response) => received.push(response),
      isOver: () => false,
    });
    const replies = (kind: ResourceKind, reason?: string): void => {
      const last = received.findLast(({ type_url: url }) => kindOf(url) === kind);
      void stream.message(answer(last, reason, ...(kind === "route" ? ["ai"] : [])));
    };
    for (const kind of resourceKinds) {
      void stream.message(subscribe(kind, ...(kind === "route" ? ["ai"] : [])));
      replies(kind);
    }
    received.length = 0;
    /** Kinds and the number of their resources. */
    const sent = (): string[] => received.map(({ type_url: url, resources }) => `${kindOf(url)} ${resources.length}`);
    return { feed, received, refused, warming, replies, sent };
  }

  it("gives new clusters beside the former ones, waits until they are accepted and warm, and then gives routes", async () => {
    const { feed, warming, replies, sent } = start();
    let over = false;
    const applied = feed.apply(second, [first]).then((change) => {
      over = true;
      return change;
    });
    await soon();
    expect(sent()).to.deep.equal(["cluster 2"]);
    expect(warming).to.have.length(0);
    replies("cluster");
    await soon();
    expect(warming).to.have.length(1);
    expect(sent()).to.deep.equal(["cluster 2"]);
    warming[0]?.();
    await soon();
    expect(sent()).to.deep.equal(["cluster 2", "route 1"]);
    expect(over).to.equal(false);
    replies("route");
    expect(await applied).to.deep.equal({ kind: "applied", remarks: [] });
    feed.keep([second]);
    expect(sent().at(-1)).to.equal("cluster 1");
    expect(feed.clusterName(second, "default/a")).not.to.equal(feed.clusterName(first, "default/a"));
  });

  it("gives back what was before when clusters are refused, and never gives the routes", async () => {
    const { feed, replies, sent, refused } = start();
    const applied = feed.apply(second, [first]);
    await soon();
    replies("cluster", `Error adding/updating cluster(s) ${feed.clusterName(second, "default/a")}: no`);
    const reason = "Envoy refuses backend default/a: Error adding/updating cluster(s) default/a: no";
    expect(await applied).to.deep.equal({ kind: "refused", reason });
    expect(refused).to.deep.equal([reason]);
    expect(sent()).to.deep.equal(["cluster 2", "cluster 1"]);
  });

  it("gives back clusters and routes when the routes are refused", async () => {
    const { feed, warming, replies, sent, received } = start();
    const applied = feed.apply(second, [first]);
    await soon();
    replies("cluster");
    await soon();
    warming[0]?.();
    await soon();
    const { version_info: bad } = received.at(-1) ?? {};
    replies("route", "no");
    expect(await applied).to.deep.equal({ kind: "refused", reason: "Envoy refuses the routes: no" });
    expect(sent()).to.deep.equal(["cluster 2", "route 1", "cluster 1", "route 1"]);
    expect(received.at(-1)?.version_info).not.to.equal(bad);
  });
});
