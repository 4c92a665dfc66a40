import { expect } from "chai";
import fc from "fast-check";
import { decodeProtobuf } from "../../../src/admin/kube/protobuf.ts";
import { KubeError } from "../../../src/admin/kube/status.ts";
import { makeApi } from "./support.ts";

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    bytes.push(left < 128 ? left : (left % 128) | 128);
    if (left < 128) return Buffer.from(bytes);
  }
}
const field = (number: number, value: Buffer | string): Buffer => {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
};
const entry = (number: number, key: string, value: string): Buffer =>
  field(number, Buffer.concat([field(1, key), field(2, value)]));

/** As kubectl makes it. */
function message(kind: string, ...fields: readonly Buffer[]): Buffer {
  const typeMeta = Buffer.concat([field(1, "v1"), field(2, kind)]);
  return Buffer.concat([
    Buffer.from("k8s\0"),
    field(1, typeMeta),
    field(2, Buffer.concat(fields)),
    field(3, ""),
    field(4, ""),
  ]);
}

const metadata = field(
  1,
  Buffer.concat([
    field(1, "s"),
    field(2, ""),
    field(3, "ns"),
    // a creation time and a generation, which are the server's
    field(8, ""),
    Buffer.concat([varint(7 * 8), varint(300)]),
    entry(11, "team", "x"),
    entry(12, "note", "y"),
  ]),
);

describe("objects as protobuf", () => {
  it("are Secrets", () => {
    const bytes = message(
      "Secret",
      metadata,
      entry(2, "a", "one"),
      entry(2, "b", ""),
      field(3, "Opaque"),
      entry(4, "c", "plain"),
    );
    expect(decodeProtobuf(bytes)).to.deep.equal({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s", namespace: "ns", labels: { team: "x" }, annotations: { note: "y" } },
      data: { a: Buffer.from("one").toString("base64"), b: "" },
      type: "Opaque",
      stringData: { c: "plain" },
    });
  });

  it("are ConfigMaps and namespaces", () => {
    const immutable = Buffer.concat([varint(4 * 8), varint(1)]);
    expect(decodeProtobuf(message("ConfigMap", metadata, entry(2, "a", "one"), immutable))).to.deep.include({
      kind: "ConfigMap",
      data: { a: "one" },
      immutable: true,
    });
    expect(decodeProtobuf(message("Namespace", field(1, field(1, "shop"))))).to.deep.equal({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "shop" },
    });
  });

  it("are no others", () => {
    expect(() => decodeProtobuf(message("Pod", metadata))).to.throw(
      KubeError,
      "Pod is not read as protobuf; send JSON",
    );
    expect(() => decodeProtobuf(Buffer.from("{}"))).to.throw(KubeError, "no Kubernetes protobuf message");
  });

  it("are refused when they are cut off or nonsense, and never end in another error", () => {
    const whole = message("Secret", metadata, entry(2, "a", "one"));
    expect(() => decodeProtobuf(whole.subarray(0, 20))).to.throw(KubeError, "cut off");
    fc.assert(
      fc.property(fc.nat(whole.length), fc.uint8Array({ maxLength: 20 }), (at, noise) => {
        const bytes = Buffer.concat([whole.subarray(0, at), noise, whole.subarray(at)]);
        try {
          decodeProtobuf(bytes);
        } catch (error) {
          expect(error).to.be.instanceOf(KubeError);
        }
      }),
    );
  });

  it("are created like others", async () => {
    const made = makeApi();
    const body = message("Secret", field(1, field(1, "s")), entry(2, "a", "one"));
    const type = "application/vnd.kubernetes.protobuf";
    const { status } = await made.ask("POST", "/api/v1/namespaces/default/secrets", { body, type });
    expect(status).to.equal(201);
    const kept = made.store.get({ group: "", kind: "Secret", namespace: "default", name: "s" });
    expect(kept)
      .to.have.property("data")
      .that.deep.equals({ a: Buffer.from("one").toString("base64") });
  });
});
