import { expect } from "chai";
import fc from "fast-check";
import { editDistance, nearest, suggestion } from "../../src/config/nearest.ts";

describe("nearest", () => {
  it("finds the word that was meant", () => {
    expect(nearest("prioritty", ["name", "priority", "weight"])).to.equal("priority");
    expect(nearest("aibackend", ["AIBackend", "Backend"])).to.equal("AIBackend");
  });

  it("finds nothing when nothing is alike", () => {
    expect(nearest("zzz", ["name", "weight"])).to.equal(undefined);
    expect(suggestion("zzz", [])).to.equal("");
  });

  it("counts swapped neighbours as one edit", () => {
    expect(editDistance("weihgt", "weight")).to.equal(1);
  });

  it("is 0 for the same word, symmetric, and at most the longer length", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        const distance = editDistance(a, b);
        return (
          editDistance(a, a) === 0 &&
          distance === editDistance(b, a) &&
          distance <= Math.max(a.length, b.length) &&
          distance > 0 === (a !== b)
        );
      }),
    );
  });
});
