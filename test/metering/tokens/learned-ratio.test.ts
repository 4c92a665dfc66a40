import { expect } from "chai";
import { LearnedRatio } from "../../../src/metering/tokens/learned-ratio.ts";

describe("LearnedRatio", () => {
  it("is 4 bytes per token before anything was learned", () => {
    expect(new LearnedRatio().bytesPerToken("groq", "llama")).to.equal(4);
  });

  it("comes close to what a model's requests have, for each model of each provider", () => {
    const ratio = new LearnedRatio();
    for (let index = 0; index < 50; index++) ratio.settled("groq", "llama", 3_000, 1_000);
    expect(ratio.bytesPerToken("groq", "llama")).to.be.closeTo(3, 0.1);
    expect(ratio.bytesPerToken("groq", "other")).to.equal(4);
    expect(ratio.bytesPerToken("together", "llama")).to.equal(4);
  });

  it("follows a change", () => {
    const ratio = new LearnedRatio();
    for (let index = 0; index < 50; index++) ratio.settled("groq", "llama", 6_000, 1_000);
    for (let index = 0; index < 50; index++) ratio.settled("groq", "llama", 2_000, 1_000);
    expect(ratio.bytesPerToken("groq", "llama")).to.be.within(2, 2.5);
  });

  it("short requests, which are mostly envelope, weigh less than long ones", () => {
    const ratio = new LearnedRatio();
    ratio.settled("groq", "llama", 80, 8);
    expect(ratio.bytesPerToken("groq", "llama")).to.be.closeTo(4, 0.2);
    ratio.settled("groq", "llama", 30_000, 10_000);
    expect(ratio.bytesPerToken("groq", "llama")).to.be.closeTo(3, 0.2);
  });

  for (const [bytes, tokens] of [
    [1_000_000, 1_000],
    [100, 1_000],
    [0, 0],
    [100, 0],
    [100, Number.NaN],
    [-5, -1],
  ] as const) {
    it(`${bytes} bytes with ${tokens} tokens teach nothing: text is between 1 and 16 bytes per token`, () => {
      const ratio = new LearnedRatio();
      ratio.settled("groq", "llama", bytes, tokens);
      expect(ratio.bytesPerToken("groq", "llama")).to.equal(4);
    });
  }

  it("remembers the thousand models that were heard of last", () => {
    const ratio = new LearnedRatio();
    ratio.settled("groq", "first", 8_000, 1_000);
    ratio.settled("groq", "second", 8_000, 1_000);
    for (let index = 0; index < 998; index++) ratio.settled("groq", `model-${index}`, 8_000, 1_000);
    ratio.settled("groq", "first", 8_000, 1_000);
    ratio.settled("groq", "one more", 8_000, 1_000);
    expect(ratio.bytesPerToken("groq", "second")).to.equal(4);
    expect(ratio.bytesPerToken("groq", "first")).to.be.above(6);
    expect(ratio.bytesPerToken("groq", "model-0")).to.be.above(6);
  });
});
