import { expect } from "chai";
import fc from "fast-check";
import { stringPart } from "../../../src/lib/json-scanner.ts";
import { windowEnd } from "../../../src/metering/tokens/string-window.ts";

/** JSON spells characters in more than one way. */
const spelled = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "\\\\",
        '\\"',
        "\\n",
        "\\/",
        "\\u0041",
        "\\ud83d\\ude00",
        "\\ud83d",
        "é",
        "字",
        "😀",
        "a",
        "u",
        "\\\\u",
      ),
      fc.string({ unit: "grapheme", maxLength: 5 }).map((text) => JSON.stringify(text).slice(1, -1)),
    ),
    { maxLength: 40 },
  )
  .map((pieces) => pieces.join(""));

describe("windowEnd", () => {
  it("windows of any length are unescaped on their own to the same text", () => {
    fc.assert(
      fc.property(spelled, fc.integer({ min: 7, max: 40 }), (json, length) => {
        const bytes = Buffer.from(json);
        let text = "";
        for (let at = 0; at < bytes.length; ) {
          const end = windowEnd(bytes, at, bytes.length, length);
          expect(end).to.be.within(at + 1, at + length);
          text += stringPart(bytes, { start: at, end });
          at = end;
        }
        expect(text).to.equal(JSON.parse(`"${json}"`));
      }),
      { numRuns: 1_000 },
    );
  });
});
