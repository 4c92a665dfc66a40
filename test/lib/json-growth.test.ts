import { expect } from "chai";
import fc from "fast-check";
import { JsonGrowth } from "../../src/lib/json-growth.ts";

describe("JsonGrowth", () => {
  it("is complete with the last bracket of an object or array, and not before", () => {
    fc.assert(
      fc.property(fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue())), (value) => {
        const text = JSON.stringify(value);
        const growth = new JsonGrowth();
        for (const [index, unit] of text.split("").entries()) {
          growth.push(unit);
          expect(growth.complete).to.equal(index === text.length - 1);
        }
      }),
    );
  });

  it("never takes a scalar for complete", () => {
    for (const text of ["12", '"a}"', "true", ""]) {
      const growth = new JsonGrowth();
      growth.push(text);
      expect(growth.complete, text).to.equal(false);
    }
  });
});
