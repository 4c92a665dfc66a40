import { expect } from "chai";
import fc from "fast-check";
import cl100k from "gpt-tokenizer/encoding/cl100k_base";
import o200k from "gpt-tokenizer/encoding/o200k_base";
import { lastSafeCut } from "../../../src/metering/tokens/safe-cut.ts";
import { text } from "./texts.ts";

const asText = { disallowedSpecial: new Set<string>() };

describe("lastSafeCut", () => {
  for (const [before, after] of [
    ["The quick brown", " fo"],
    ["line", "\n\n  "],
    ["a1b", "2"],
    ["天気", "，"],
    ["abc", "://"],
    ["12", "%"],
  ] as const) {
    it(`cuts ${JSON.stringify(before)} from ${JSON.stringify(after)}`, () => {
      expect(lastSafeCut(before + after, 0)).to.equal(before.length);
    });
  }

  for (const [whole, why] of [
    ["don'", "a contraction may follow"],
    ["e\u0301", "a mark belongs to the letters before it"],
    ["abcdef", "letters go on"],
    ["123456", "digits are encoded in threes"],
    ["...", "marks go on"],
    ["  \n\n ", "blanks are cut by what follows"],
    [" fo", "a blank belongs to the letters after it"],
    ["a\u{1D400}", "half a pair tells nothing"],
    ["", "there is nothing"],
  ] as const) {
    it(`does not cut ${JSON.stringify(whole)}: ${why}`, () => expect(lastSafeCut(whole, 0)).to.equal(0));
  }

  it("there is a reason: halves of a word may have fewer tokens than the word (L31)", () => {
    const count = (part: string): number => o200k.countTokens(part, asText);
    expect(count("ratelimit")).to.be.above(count("rate") + count("limit"));
    expect(lastSafeCut("ratelimit", 0)).to.equal(0);
  });

  it("does not look before a given place", () => {
    expect(lastSafeCut("one two", 3)).to.equal(3);
    expect(lastSafeCut("one two", 4)).to.equal(0);
  });

  for (const [name, vocabulary] of Object.entries({ o200k, cl100k })) {
    it(`the parts of a text have as many tokens of ${name} as the whole (L31)`, () => {
      const count = (part: string): number => vocabulary.countTokens(part, asText);
      fc.assert(
        fc.property(text, fc.nat({ max: 100 }), (content, length) => {
          const cut = lastSafeCut(content.slice(0, length), 0);
          expect(count(content.slice(0, cut)) + count(content.slice(cut))).to.equal(count(content));
        }),
        { numRuns: 1_000 },
      );
    });
  }
});
