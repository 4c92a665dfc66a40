import { expect } from "chai";
import type { Codec, StreamHandler } from "../../src/grpc/server.ts";
import type { DiscoveryRequest, DiscoveryResponse } from "../../src/xds/messages.ts";
import { Ads, type Answer } from "../../src/xds/service.ts";
import { kindOf, type ResourceKind, type Snapshot } from "../../src/xds/snapshot.ts";
import { answer, makeSnapshot, subscribe } from "./support.ts";

const codec: Codec<DiscoveryRequest, DiscoveryResponse> = {
  decode: () => ({}),
  encode: () => new Uint8Array(0),
};
const long = 60_000;

/** An Envoy's end of a stream. */
class Client {
  readonly received: DiscoveryResponse[] = [];
  readonly #stream: StreamHandler<DiscoveryRequest>;

  constructor(ads: Ads) {
    this.#stream = ads.service(codec).open({ send: (response) => this.received.push(response), isOver: () => false });
    for (const kind of ["cluster", "listener"] as const) this.say(subscribe(kind));
    this.say(subscribe("route", "ai"));
  }

  say(request: DiscoveryRequest): void {
    void this.#stream.message(request);
  }

  /** Answers the last response of a kind. */
  answer(kind: ResourceKind, reason?: string): void {
    const response = this.received.findLast(({ type_url: url }) => kindOf(url) === kind);
    this.say(answer(response, reason, ...(kind === "route" ? ["ai"] : [])));
  }

  leave(): void {
    this.#stream.ended("cancelled");
  }

  /** `cluster c1`, …, as they came. */
  get versions(): string[] {
    return this.received.map(({ type_url: url, version_info: version }) => `${kindOf(url)} ${version}`);
  }
}

function makeAds(snapshot: Snapshot = makeSnapshot({})) {
  const answers: Answer[] = [];
  return { ads: new Ads(snapshot, (told) => answers.push(told)), answers };
}

describe("Ads", () => {
  it("gives whoever connects the snapshot", () => {
    const { ads } = makeAds();
    expect(new Client(ads).versions).to.deep.equal(["cluster c1", "listener l1", "route r1"]);
  });

  it("gives everybody what has changed and nothing else, clusters first", () => {
    const { ads } = makeAds();
    const clients = [new Client(ads), new Client(ads)];
    ads.publish(makeSnapshot({ route: "r2", cluster: "c2" }));
    for (const client of clients) expect(client.versions.slice(3)).to.deep.equal(["cluster c2", "route r2"]);
  });

  it("passes over kinds that it does not know", () => {
    const client = new Client(makeAds().ads);
    client.say({ type_url: "type.googleapis.com/envoy.service.runtime.v3.Runtime" });
    expect(client.received).to.have.length(3);
  });

  it("confirms when every Envoy has accepted", async () => {
    const { ads, answers } = makeAds();
    const [one, other] = [new Client(ads), new Client(ads)];
    ads.publish(makeSnapshot({ cluster: "c2" }));
    let confirmed = false;
    const confirmation = ads.confirmed("cluster", long).then((result) => {
      confirmed = true;
      return result;
    });
    one.answer("cluster");
    await new Promise(setImmediate);
    expect(confirmed).to.equal(false);
    other.answer("cluster");
    expect(await confirmation).to.deep.equal({ kind: "accepted" });
    expect(answers).to.deep.equal(Array(2).fill({ kind: "accepted", resources: "cluster", version: "c2" }));
  });

  it("confirms when there is no Envoy, and when the one that has not answered leaves", async () => {
    const { ads } = makeAds();
    expect(await ads.confirmed("cluster", long)).to.deep.equal({ kind: "accepted" });
    const client = new Client(ads);
    const confirmation = ads.confirmed("cluster", long);
    client.leave();
    expect(await confirmation).to.deep.equal({ kind: "accepted" });
    expect(ads.connected).to.equal(0);
  });

  it("says that one refuses, with its reason, and does not wait for the others", async () => {
    const { ads, answers } = makeAds();
    const [one] = [new Client(ads), new Client(ads)];
    ads.publish(makeSnapshot({ route: "bad" }));
    const confirmation = ads.confirmed("route", long);
    one.answer("route", "unknown cluster");
    expect(await confirmation).to.deep.equal({ kind: "refused", reason: "unknown cluster" });
    expect(answers).to.deep.equal([{ kind: "refused", resources: "route", version: "bad", reason: "unknown cluster" }]);
  });

  it("gives back what was before, also to who refused it", async () => {
    const { ads } = makeAds();
    const client = new Client(ads);
    ads.publish(makeSnapshot({ cluster: "bad" }));
    client.answer("cluster", "no");
    ads.publish(makeSnapshot({}));
    expect(client.versions.at(-1)).to.equal("cluster c1");
    client.answer("cluster");
    expect(await ads.confirmed("cluster", long)).to.deep.equal({ kind: "accepted" });
  });

  it("stops waiting for an Envoy that does not answer", async () => {
    const { ads } = makeAds();
    new Client(ads);
    expect(await ads.confirmed("cluster", 1)).to.deep.equal({ kind: "unanswered" });
  });
});
