import { expect } from "chai";
import type { Price, PriceEntry } from "../../src/core/prices.ts";
import { makePriceBook } from "../../src/metering/price-book.ts";

function named(source: string): Price {
  const rates = { input: 1, output: 2, cacheRead: undefined, cacheWrite: undefined, cacheWrite1h: undefined };
  return { rates, longContext: [], source };
}

/** An entry for all backends of namespace `ai`; its price's source is `name`. */
function entry(name: string, model: string, changes: Partial<PriceEntry> = {}): PriceEntry {
  return {
    model,
    namespace: "ai",
    scope: { kind: "All" },
    fromMs: undefined,
    untilMs: undefined,
    price: named(name),
    ...changes,
  };
}

const provider = (name: string): PriceEntry["scope"] => ({ kind: "Provider", provider: name });
const backend = (backendId: string): PriceEntry["scope"] => ({ kind: "Backend", backendId });

function sourceOf(entries: readonly PriceEntry[], model: string, backendId = "ai/openai", atMs = 1_000): string {
  const book = makePriceBook(entries, "hash");
  return book.find({ provider: "openai", backendId, model, atMs })?.source ?? "none";
}

describe("makePriceBook", () => {
  it("L30: configured prices win over the list, which is asked for what is not configured", () => {
    expect(sourceOf([entry("ours", "gpt-4o")], "gpt-4o")).to.equal("ours");
    expect(sourceOf([entry("ours", "gpt-4o")], "gpt-4o-mini")).to.match(/^genai-prices/);
    expect(sourceOf([entry("ours", "gpt-4o")], "made-up")).to.equal("none");
  });

  it("L30: the backend's price before the provider's before everybody's, whatever the order", () => {
    const entries = [
      entry("all", "m"),
      entry("provider", "m", { scope: provider("openai") }),
      entry("backend", "m", { scope: backend("ai/openai") }),
      entry("another provider", "m", { scope: provider("anthropic") }),
    ];
    for (const order of [entries, [...entries].reverse()]) {
      expect(sourceOf(order, "m")).to.equal("backend");
      expect(sourceOf(order, "m", "ai/other")).to.equal("provider");
    }
    const wide = entry("backend's for all models", "*", { scope: backend("ai/openai") });
    expect(sourceOf([entry("all", "m"), wide], "m")).to.equal("backend's for all models");
    expect(sourceOf([entry("all", "m"), entry("other", "m", { scope: provider("anthropic") })], "m")).to.equal("all");
  });

  it("the name itself before the longer beginning before the shorter one", () => {
    const entries = [entry("any", "*"), entry("gpt", "gpt-*"), entry("4o", "gpt-4o*"), entry("exact", "gpt-4o")];
    expect(["gpt-4o", "gpt-4o-2024", "gpt-5", "claude"].map((model) => sourceOf(entries, model))).to.deep.equal([
      "exact",
      "4o",
      "gpt",
      "any",
    ]);
  });

  it("L30: prices begin and end; of several the one that began last holds", () => {
    const entries = [
      entry("old", "m", { untilMs: 2_000 }),
      entry("new", "m", { fromMs: 1_500 }),
      entry("next", "m", { fromMs: 3_000, untilMs: 4_000 }),
    ];
    const at = (atMs: number): string => sourceOf(entries, "m", "ai/openai", atMs);
    expect([0, 1_499, 1_500, 2_000, 2_999, 3_000, 3_999, 4_000].map(at)).to.deep.equal([
      "old",
      "old",
      "new",
      "new",
      "new",
      "next",
      "next",
      "new",
    ]);
    expect(sourceOf(entries.slice(0, 1), "m", "ai/openai", 2_000)).to.equal("none");
  });

  it("a namespace's prices are not those of another namespace's backends", () => {
    expect(sourceOf([entry("ours", "m")], "m", "other/openai")).to.equal("none");
    expect(sourceOf([entry("ours", "m")], "m", "ai-2/openai")).to.equal("none");
    const book = makePriceBook([entry("ours", "m")], "hash");
    expect(book.find({ provider: "openai", backendId: undefined, model: "m", atMs: 0 })?.source).to.equal("ours");
  });

  it("L30: quotes the dearest rates for a model without a price, and says that it is not known", () => {
    const book = makePriceBook([], "");
    const query = { provider: "openai", backendId: "ai/openai", atMs: 0 };
    expect(book.quote({ ...query, model: "gpt-4o" })).to.deep.include({ known: true });
    const unknown = book.quote({ ...query, model: "made-up" });
    expect(unknown.known).to.equal(false);
    expect(unknown.price.rates.input).to.be.at.least(book.quote({ ...query, model: "gpt-4o" }).price.rates.input);
  });

  it("L32: the version changes with the configured prices", () => {
    expect(makePriceBook([], "").version).to.match(/^genai-prices [\d.]+$/);
    expect(makePriceBook([entry("a", "m")], "abc").version).to.match(/^genai-prices [\d.]+ \+ abc$/);
  });
});
