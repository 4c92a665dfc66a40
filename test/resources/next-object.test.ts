import { expect } from "chai";
import { nextObject } from "../../src/resources/next-object.ts";
import { costKey } from "./support.ts";

const tools = { nowMs: () => Date.parse("2030-01-01T00:00:00.750Z"), makeUid: () => "new-uid" };
const next = (written: Parameters<typeof nextObject>[2], existing?: Parameters<typeof nextObject>[3]) =>
  nextObject(costKey, "g.dev/v1", written, existing, tools);

describe("next object", () => {
  it("takes names, uid, times and counters from the server, whatever was written", () => {
    const written = {
      apiVersion: "other/v9",
      kind: "Other",
      metadata: {
        name: "x",
        namespace: "y",
        uid: "mine",
        generation: 9,
        creationTimestamp: "1999",
        labels: { a: "b" },
      },
      spec: { a: 1 },
      status: { mine: true },
    };
    expect(next(written)).to.deep.equal({
      apiVersion: "g.dev/v1",
      kind: "Cost",
      metadata: {
        name: "c",
        namespace: "ns",
        labels: { a: "b" },
        uid: "new-uid",
        resourceVersion: "",
        generation: 1,
        creationTimestamp: "2030-01-01T00:00:00Z",
      },
      spec: { a: 1 },
    });
  });

  it("counts generations of what it says, not of labels; the status stays", () => {
    const first = { ...next({ spec: { a: 1 } }), status: { ok: true } };
    const labelled = next({ metadata: { labels: { a: "b" } }, spec: { a: 1 } }, first);
    expect(labelled.metadata).to.include({ generation: 1, uid: "new-uid" });
    expect(labelled.status).to.deep.equal({ ok: true });
    expect(next({ spec: { a: 2 } }, first).metadata.generation).to.equal(2);
  });

  it("is the same object when nothing changed: an empty map of labels is none", () => {
    const first = next({ spec: { a: [1, { b: 2 }] } });
    expect(next({ metadata: { labels: {}, annotations: null }, spec: { a: [1, { b: 2 }] } }, first)).to.equal(first);
  });
});
