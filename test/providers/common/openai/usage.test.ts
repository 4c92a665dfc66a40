import { expect } from "chai";
import fc from "fast-check";
import { mergeUsage } from "../../../../src/providers/common/merge-usage.ts";
import { chatUsage } from "../../../../src/providers/common/openai/usage.ts";

describe("chatUsage", () => {
  it("reads every counter (R148)", () => {
    expect(
      chatUsage({
        prompt_tokens: 40,
        completion_tokens: 21,
        total_tokens: 61,
        prompt_tokens_details: { cached_tokens: 30, cache_write_tokens: 4 },
        completion_tokens_details: { reasoning_tokens: 9 },
      }),
    ).to.deep.equal({ input: 40, cachedInput: 30, cacheWrite: 4, output: 21, reasoning: 9, total: 61 });
  });

  it("keeps what is not told apart from a told 0 (R146)", () => {
    expect(chatUsage({ prompt_tokens: 0, completion_tokens: null })).to.deep.equal({ input: 0 });
    expect([undefined, null, {}, [], "x", 5, { prompt_tokens: null }].map((usage) => chatUsage(usage))).to.deep.equal(
      Array(7).fill(undefined),
    );
  });

  it("takes prompt_cache_hit_tokens where the details are missing", () => {
    expect(chatUsage({ prompt_tokens: 10, prompt_cache_hit_tokens: 6 })).to.deep.equal({ input: 10, cachedInput: 6 });
    expect(
      chatUsage({ prompt_tokens: 10, prompt_cache_hit_tokens: 6, prompt_tokens_details: { cached_tokens: 5 } }),
    ).to.deep.include({
      cachedInput: 5,
    });
  });

  it("adds reasoning that is counted beside the completion, as the total tells", () => {
    const details = { completion_tokens_details: { reasoning_tokens: 30 } };
    expect(chatUsage({ prompt_tokens: 10, completion_tokens: 5, total_tokens: 45, ...details })?.output).to.equal(35);
    expect(chatUsage({ prompt_tokens: 10, completion_tokens: 35, total_tokens: 45, ...details })?.output).to.equal(35);
    expect(chatUsage({ prompt_tokens: 10, completion_tokens: 5, ...details })?.output).to.equal(5);
  });

  it("raises input to what was cached and written, and says so (R148)", () => {
    const notes: string[] = [];
    const usage = { prompt_tokens: 5, prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 3 } };
    expect(chatUsage(usage, (name) => notes.push(name))?.input).to.equal(7);
    expect(notes).to.deep.equal(["usage_input_raised"]);
  });

  it("ignores counters that cannot be, floors fractions, and says so (R151)", () => {
    const notes: string[] = [];
    const usage = {
      prompt_tokens: -1,
      completion_tokens: "7",
      total_tokens: Number.POSITIVE_INFINITY,
      prompt_cache_hit_tokens: 2.9,
    };
    expect(chatUsage(usage, (name) => notes.push(name))).to.deep.equal({ cachedInput: 2 });
    expect(notes).to.deep.equal(["bad_usage_counter", "bad_usage_counter", "bad_usage_counter"]);
  });

  it("never throws, and never tells a negative or broken number", () => {
    const counters = [
      "prompt_tokens",
      "completion_tokens",
      "total_tokens",
      "prompt_tokens_details",
      "completion_tokens_details",
    ];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...counters), fc.jsonValue()), (usage) => {
        for (const tokens of Object.values(chatUsage(usage) ?? {}))
          expect(tokens).to.satisfy((value: number) => value >= 0 && Number.isInteger(value));
      }),
    );
  });
});

describe("mergeUsage", () => {
  it("replaces what is told and keeps what is not (R147)", () => {
    expect(mergeUsage({ input: 5, output: 1 }, { output: 0 })).to.deep.equal({ input: 5, output: 0 });
    expect(mergeUsage({ input: 5 }, { input: undefined, output: 2 })).to.deep.equal({ input: 5, output: 2 });
    expect(mergeUsage({ input: 5 }, undefined)).to.deep.equal({ input: 5 });
    expect(mergeUsage(undefined, undefined)).to.equal(undefined);
  });
});
