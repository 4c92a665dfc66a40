import { expect } from "chai";
import fc from "fast-check";
import { JsonView } from "../../../src/providers/common/json-view.ts";
import { Warnings } from "../../../src/providers/common/warnings.ts";

function object(value: object): JsonView {
  const text = JSON.stringify(value);
  return JsonView.document(text, JSON.parse(text));
}

describe("Warnings", () => {
  it("keeps the order of detection and no duplicates", () => {
    const warnings = new Warnings();
    warnings.add("temperature_clamped");
    warnings.dropped("seed");
    warnings.add("temperature_clamped");
    warnings.dropped("seed");
    warnings.add("effort_lowered");
    expect(warnings.codes).to.deep.equal(["temperature_clamped", "dropped:seed", "effort_lowered"]);
  });

  it("keeps at most 32 codes", () => {
    const warnings = new Warnings();
    for (let number = 0; number < 50; number++) warnings.dropped(`member${number}`);
    expect(warnings.codes).to.have.length(32);
    expect(warnings.codes.at(-1)).to.equal("dropped:member31");
  });

  it("makes every name harmless for a header (R169)", () => {
    const warnings = new Warnings();
    warnings.dropped("Evil,\r\nx-injected: 1\u0000é\u212a");
    expect(warnings.codes).to.deep.equal(["dropped:evil___x-injected:_1___"]);
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        const collected = new Warnings();
        collected.dropped(name);
        expect(collected.codes[0]).to.match(/^dropped:[a-z0-9_.:[\]-]{0,56}$/);
      }),
    );
  });

  it("reports members that are neither known nor null nor the API's default (R64)", () => {
    const warnings = new Warnings();
    const body = object({
      model: "m",
      seed: 1,
      user: null,
      store: false,
      tags: [],
      hints: {},
      verbosity: "low",
      list: [0],
    });
    warnings.droppedUnless(body, new Set(["model"]), { store: false, verbosity: "medium" });
    expect(warnings.codes).to.deep.equal(["dropped:seed", "dropped:verbosity", "dropped:list"]);
  });
});
