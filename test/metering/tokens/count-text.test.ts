import { expect } from "chai";
import fc from "fast-check";
import cl100k from "gpt-tokenizer/encoding/cl100k_base";
import o200k from "gpt-tokenizer/encoding/o200k_base";
import { countText, type TextCount } from "../../../src/metering/tokens/count-text.ts";
import { loadVocabulary } from "../../../src/metering/tokens/load-vocabulary.ts";
import type { Vocabulary, VocabularyName } from "../../../src/metering/tokens/vocabulary.ts";
import { finish, longText, text } from "./texts.ts";

const asText = { disallowedSpecial: new Set<string>() };
const own = { o200k, cl100k };
const names: readonly VocabularyName[] = ["o200k", "cl100k"];

function count(content: string, vocabulary: Vocabulary, careful?: (step: number) => boolean): TextCount {
  const raw = Buffer.from(JSON.stringify(content));
  const counted: TextCount = { counted: 0, countedBytes: 0, bytes: 0, work: 0 };
  finish(countText(raw, { start: 1, end: raw.length - 1 }, vocabulary, counted), careful);
  return counted;
}

for (const name of names) {
  describe(`countText with ${name}`, () => {
    let vocabulary: Vocabulary;
    const exact = (content: string): number => own[name].countTokens(content, asText);
    before(async () => {
      vocabulary = await loadVocabulary(name, () => Promise.resolve());
    });

    it("a token is at least one byte of the text (L31)", () => {
      fc.assert(
        fc.property(fc.oneof(text, fc.string({ unit: "binary" })), (content) => {
          expect(exact(content)).to.be.at.most(Buffer.byteLength(content));
        }),
        { numRuns: 500 },
      );
    });

    it("is exact for short text of any characters, special tokens spelled out among them (L31)", () => {
      fc.assert(
        fc.property(text, (content) => {
          const { counted, bytes } = count(content, vocabulary);
          expect({ counted, bytes }).to.deep.equal({ counted: exact(content), bytes: 0 });
        }),
        { numRuns: 500 },
      );
    });

    it("is exact for text of several windows (L31)", () => {
      fc.assert(
        fc.property(longText, (content) => {
          const { counted, bytes } = count(content, vocabulary);
          if (bytes === 0) expect(counted).to.equal(exact(content));
          else expect(counted + bytes).to.be.at.least(exact(content));
        }),
        { numRuns: 100 },
      );
    });

    it("stays an upper bound when time runs out at any step (L31)", () => {
      fc.assert(
        fc.property(longText, fc.nat({ max: 20 }), (content, steps) => {
          const { counted, bytes } = count(content, vocabulary, (step) => step < steps);
          expect(counted + bytes).to.be.at.least(exact(content));
        }),
        { numRuns: 100 },
      );
    });

    for (const [what, content] of [
      ["letters", "a".repeat(300)],
      ["capitals", "A".repeat(16_000)],
      ["digits", "7".repeat(16_001)],
      ["spaces", " ".repeat(16_000)],
      ["new lines", "\n".repeat(8_000)],
      ["marks", "=".repeat(16_000)],
      ["apostrophes", "'".repeat(16_000)],
      ["accents", "e\u0301".repeat(10_000)],
      ["faces", "😀".repeat(5_000)],
      ["characters without a blank", "字".repeat(6_000)],
    ] as const) {
      it(`a long run of ${what} counts as bytes, and text around it exactly`, () => {
        const before = "The quick brown fox ";
        const after = " jumps over the lazy dog.";
        const { counted, bytes } = count(`${before}x, ${content}, y${after}`, vocabulary);
        expect(counted + bytes).to.be.at.least(exact(`${before}x, ${content}, y${after}`));
        expect(bytes).to.be.at.least(100);
        expect(bytes).to.be.at.most(Buffer.byteLength(content) + 4_096);
        expect(counted).to.be.at.least(4);
      });
    }

    it("behind a run that counts as bytes, text counts so too up to a safe cut", () => {
      expect(count(`x, ${"a".repeat(12_500)}, y`, vocabulary)).to.deep.include({ counted: 1, bytes: 12_505 });
    });

    it("digits are exact in runs of several windows, because they come in threes", () => {
      const content = `x ${"7".repeat(9_001)}, ${"٣".repeat(2_500)}.`;
      expect(count(content, vocabulary)).to.deep.include({ counted: exact(content), bytes: 0 });
    });

    it("a byte order mark makes its part count as bytes: JavaScript takes it for a space, Unicode does not", () => {
      const { counted, bytes } = count("\ufeffHello", vocabulary);
      expect({ counted, bytes }).to.deep.equal({ counted: 0, bytes: 8 });
    });

    it("half a pair counts for the three bytes that stand for it", () => {
      const { counted, bytes } = count("a\ud83d", vocabulary);
      expect(bytes).to.equal(0);
      expect(counted).to.be.within(2, 4);
    });
  });
}
