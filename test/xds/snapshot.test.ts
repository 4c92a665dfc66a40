import { expect } from "chai";
import { type RenderedResource, SnapshotMaker } from "../../src/xds/snapshot.ts";

function makeMaker() {
  const encoded: string[] = [];
  const maker = new SnapshotMaker({
    encode: (messageName, resource) => {
      encoded.push(`${messageName} ${JSON.stringify(resource)}`);
      return Buffer.from(JSON.stringify(resource));
    },
    hash: (value) => JSON.stringify(value),
  });
  const make = (clusters: Readonly<Record<string, RenderedResource>>) =>
    maker.make({ cluster: new Map(Object.entries(clusters)), listener: new Map(), route: new Map() });
  return { encoded, make };
}

describe("SnapshotMaker", () => {
  it("encodes each resource as the message of its kind", () => {
    const { make, encoded } = makeMaker();
    expect(make({ a: { name: "a" } }).cluster.resources.get("a")).to.deep.equal({
      type_url: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
      value: Buffer.from('{"name":"a"}'),
    });
    expect(encoded).to.deep.equal(['envoy.config.cluster.v3.Cluster {"name":"a"}']);
  });

  it("gives the same content the same version, in whatever order, and other content another", () => {
    const { make } = makeMaker();
    const [a, b] = [{ name: "a" }, { name: "b" }];
    const { version } = make({ a, b }).cluster;
    expect(make({ b: { ...b }, a: { ...a } }).cluster.version).to.equal(version);
    expect(make({ a }).cluster.version).not.to.equal(version);
    expect(make({ a, b: { name: "b", more: 1 } }).cluster.version).not.to.equal(version);
  });

  it("does not encode a resource twice", () => {
    const { make, encoded } = makeMaker();
    const a = { name: "a" };
    make({ a });
    make({ a, b: { name: "b" } });
    expect(encoded).to.have.length(2);
  });
});
