import { expect } from "chai";
import { Subscription } from "../../src/xds/subscription.ts";
import { answer, makeResources, namesIn, subscribe } from "./support.ts";

function makeSubscription(): Subscription {
  let nonces = 0;
  return new Subscription("cluster", () => `nonce-${++nonces}`);
}

/** One that was sent `first`. */
function begun(...names: string[]) {
  const subscription = makeSubscription();
  subscription.read(subscribe("cluster", ...names));
  return { subscription, response: subscription.respond(makeResources("first", "a", "b")) };
}

describe("Subscription", () => {
  it("sends everything to whoever names nothing", () => {
    const { response } = begun();
    expect(response).to.include({
      version_info: "first",
      nonce: "nonce-1",
      type_url: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    });
    expect(namesIn(response)).to.deep.equal(["a", "b"]);
  });

  it("sends only what is named", () => {
    expect(namesIn(begun("b", "c").response)).to.deep.equal(["b"]);
  });

  it("sends a version once, and another with another nonce", () => {
    const { subscription } = begun();
    expect(subscription.respond(makeResources("first", "a", "b"))).to.equal(undefined);
    expect(subscription.respond(makeResources("second", "a"))).to.include({ version_info: "second", nonce: "nonce-2" });
  });

  it("knows that a version is accepted when its nonce comes back", () => {
    const { subscription, response } = begun();
    expect(subscription.stands("first")).to.equal("pending");
    expect(subscription.read(answer(response))).to.deep.equal({ kind: "accepted", version: "first" });
    expect(subscription.stands("first")).to.equal("accepted");
  });

  it("passes over an answer to a response that another one has followed", () => {
    const { subscription, response } = begun();
    const second = subscription.respond(makeResources("second", "a"));
    expect(subscription.read(answer(response))).to.deep.equal({ kind: "outdated" });
    expect(subscription.read(answer(response, "no"))).to.deep.equal({ kind: "outdated" });
    expect(subscription.stands("second")).to.equal("pending");
    expect(subscription.read(answer(second))).to.deep.equal({ kind: "accepted", version: "second" });
  });

  it("knows a refusal with its reason, and that the version before is no longer what was sent last", () => {
    const { subscription, response } = begun();
    subscription.read(answer(response));
    const bad = subscription.respond(makeResources("bad", "a"));
    expect(subscription.stands("first")).to.equal("pending");
    expect(subscription.read(answer(bad, "a: no such file"))).to.deep.equal({
      kind: "refused",
      version: "bad",
      reason: "a: no such file",
    });
    expect(subscription.stands("bad")).to.deep.equal({ refused: "a: no such file" });
  });

  it("sends the version before again after a refusal, and the refused one if it is asked to", () => {
    const { subscription, response } = begun();
    subscription.read(answer(response));
    subscription.read(answer(subscription.respond(makeResources("bad", "a")), "no"));
    const again = subscription.respond(makeResources("first", "a", "b"));
    expect(again).to.include({ version_info: "first", nonce: "nonce-3" });
    subscription.read(answer(again));
    expect(subscription.stands("first")).to.equal("accepted");
    expect(subscription.respond(makeResources("bad", "a"))).to.include({ version_info: "bad", nonce: "nonce-4" });
    expect(subscription.stands("bad")).to.equal("pending");
  });

  it("sends the same version again when other names are asked for with an acceptance", () => {
    const { subscription, response } = begun("a");
    expect(subscription.read(answer(response, undefined, "a", "b"))).to.deep.equal({ kind: "subscribed" });
    expect(namesIn(subscription.respond(makeResources("first", "a", "b")))).to.deep.equal(["a", "b"]);
  });

  it("sends again to one that begins anew without a nonce, whatever version it says it has", () => {
    const { subscription, response } = begun();
    subscription.read(answer(response));
    expect(subscription.read({ ...subscribe("cluster"), version_info: "first" })).to.deep.equal({ kind: "subscribed" });
    expect(subscription.respond(makeResources("first", "a"))).to.include({ version_info: "first", nonce: "nonce-2" });
  });
});
