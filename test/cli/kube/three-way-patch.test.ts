import { expect } from "chai";
import fc from "fast-check";
import { mergePatch } from "../../../src/admin/kube/merge-patch.ts";
import { annotated, lastApplied, threeWayPatch } from "../../../src/cli/kube/three-way-patch.ts";

type Json = Record<string, unknown>;
type Current = Json & { metadata: { annotations?: Json } };

/** What the server has after an object was applied. */
const applied = (object: Json): Current => annotated(object) as Current;

describe("three-way patch", () => {
  const file = { kind: "X", metadata: { name: "a" }, spec: { keep: 1, gone: 2, list: [1] } };

  it("is empty when the file says what is there", () => {
    expect(threeWayPatch(annotated(file), applied(file))).to.deep.equal({});
  });

  it("removes what the file had and has no more, and leaves what somebody else set", () => {
    const current = applied(file);
    const changed = { ...current, spec: { keep: 9, gone: 2, list: [1], others: true }, status: {} };
    const next = annotated({ ...file, spec: { keep: 1, list: [1, 2] } });
    const patch = threeWayPatch(next, changed);
    expect(patch["spec"]).to.deep.equal({ gone: null, keep: 1, list: [1, 2] });
    expect(mergePatch(changed, patch)).to.deep.include({ spec: { keep: 1, list: [1, 2], others: true }, status: {} });
  });

  it("removes nothing where nobody noted what was applied", () => {
    const { metadata: _, ...rest } = file;
    const current = { ...rest, metadata: { annotations: { [lastApplied]: "{nonsense" } } };
    expect(threeWayPatch({ kind: "X", spec: { keep: 1 } }, current)).to.deep.equal({});
  });

  it("writes the note as kubectl does: sorted, without itself, with escapes and a line end", () => {
    const object = { spec: { b: "<&>", a: 1 }, metadata: { name: "a", annotations: { [lastApplied]: "old", x: "y" } } };
    const { metadata } = annotated(object) as { metadata: { annotations: Record<string, string> } };
    expect(metadata.annotations[lastApplied]).to.equal(
      `{"metadata":{"annotations":{"x":"y"},"name":"a"},"spec":{"a":1,"b":"\\u003c\\u0026\\u003e"}}\n`,
    );
    expect(metadata.annotations["x"]).to.equal("y");
  });

  it("brings whatever was applied before to what the file says", () => {
    const scalar = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constant([1]));
    const value = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 3 },
        scalar,
        fc.dictionary(fc.constantFrom("a", "b", "c"), tie("node"), { maxKeys: 3 }),
      ),
    })).node;
    const spec = fc.dictionary(fc.constantFrom("a", "b", "c"), value, { maxKeys: 3 });
    const withoutEmpty = (tree: unknown): unknown => {
      if (typeof tree !== "object" || tree === null || Array.isArray(tree)) return tree;
      const members = Object.entries(tree).map(([key, member]) => [key, withoutEmpty(member)] as const);
      return Object.fromEntries(members.filter(([, member]) => JSON.stringify(member) !== "{}"));
    };
    fc.assert(
      fc.property(spec, spec, (before, after) => {
        const merged = mergePatch(
          applied({ metadata: {}, spec: before }),
          threeWayPatch(annotated({ metadata: {}, spec: after }), applied({ metadata: {}, spec: before })),
        );
        expect(withoutEmpty((merged as Json)["spec"] ?? {})).to.deep.equal(withoutEmpty(after));
      }),
    );
  });
});
