import { expect } from "chai";
import fc from "fast-check";
import { UsageMeter } from "../../src/metering/usage-meter.ts";

function makeMeter(estimatedInputTokens = 100) {
  const ignored: string[] = [];
  return { meter: new UsageMeter({ estimatedInputTokens, onIgnored: (field) => ignored.push(field) }), ignored };
}

describe("UsageMeter", () => {
  it("L1: takes the provider's total when told, else input + output", () => {
    const { meter } = makeMeter();
    meter.report({ input: 10, output: 5 });
    meter.complete();
    expect(meter.current().usage.total).to.equal(15);
    meter.report({ total: 17 });
    expect(meter.current()).to.deep.include({ estimated: false });
    expect(meter.current().usage.total).to.equal(17);
  });

  it("L2: a later report replaces field by field", () => {
    const { meter } = makeMeter();
    meter.report({ input: 25, output: 1, cachedInput: 5 });
    meter.report({ output: 40 });
    meter.complete();
    expect(meter.current().usage).to.deep.equal({ input: 25, cachedInput: 5, output: 40, total: 65 });
  });

  it("L2: undefined is not told and is never 0", () => {
    const { meter } = makeMeter(7);
    meter.report({ input: undefined, output: 0 });
    meter.complete();
    const { usage, estimated } = meter.current();
    expect(usage).to.deep.equal({ input: 7, output: 0, total: 7 });
    expect(estimated).to.equal(true);
  });

  it("L2: fractions are floored", () => {
    const { meter } = makeMeter();
    meter.report({ input: 10.9, output: 5.999 });
    meter.complete();
    expect(meter.current().usage).to.include({ input: 10, output: 5, total: 15 });
  });

  for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53 + 2, "12" as unknown as number]) {
    it(`L2: ${String(bad)} (${typeof bad}) is not told, and counted`, () => {
      const { meter, ignored } = makeMeter();
      meter.report({ input: 10, output: 3 });
      meter.report({ output: bad });
      meter.complete();
      expect(meter.current().usage.output).to.equal(3);
      expect(ignored).to.deep.equal(["output"]);
    });
  }

  it("L1: input is never less than what is in it", () => {
    const { meter, ignored } = makeMeter();
    meter.report({ input: 5, cachedInput: 20, cacheWrite: 10, output: 1 });
    meter.complete();
    expect(meter.current().usage.input).to.equal(30);
    expect(ignored).to.deep.equal(["input"]);
  });

  it("L6: an estimated input is never less than what was told to be in it", () => {
    const { meter } = makeMeter(10);
    meter.report({ cachedInput: 500, cacheWrite: 50, output: 1 });
    expect(meter.current().usage.input).to.equal(550);
  });

  it("L6: before anything is told it is the estimate: the input of the request, the output streamed", () => {
    const { meter } = makeMeter(100);
    expect(meter.current()).to.deep.equal({ usage: { input: 100, output: 0, total: 100 }, estimated: true });
    meter.streamed(41);
    expect(meter.current()).to.deep.equal({ usage: { input: 100, output: 11, total: 111 }, estimated: true });
  });

  it("L6: an early count gives way to what was streamed since, until the answer is complete", () => {
    const { meter } = makeMeter();
    meter.report({ input: 25, output: 1, total: 26 });
    meter.streamed(400);
    expect(meter.current()).to.deep.equal({ usage: { input: 25, output: 100, total: 125 }, estimated: true });
    meter.report({ output: 90, total: 115 });
    meter.complete();
    expect(meter.current()).to.deep.equal({ usage: { input: 25, output: 90, total: 115 }, estimated: false });
  });

  it("L6: a provider that tells nothing leaves an estimate, also at the end", () => {
    const { meter } = makeMeter(3);
    meter.streamed(8);
    meter.complete();
    expect(meter.current()).to.deep.equal({ usage: { input: 3, output: 2, total: 5 }, estimated: true });
  });

  it("L6: property: while it runs, output is never below what was streamed and total never below input + output streamed", () => {
    const event = fc.oneof(
      fc.record({ streamed: fc.nat(1_000) }),
      fc.record({
        input: fc.option(fc.nat(500), { nil: undefined }),
        output: fc.option(fc.nat(500), { nil: undefined }),
      }),
    );
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const { meter } = makeMeter(50);
        let characters = 0;
        for (const one of events) {
          if ("streamed" in one) {
            characters += one.streamed;
            meter.streamed(one.streamed);
          } else meter.report(one);
          const { usage } = meter.current();
          expect(usage.output).to.be.at.least(characters / 4);
          expect(usage.total).to.be.at.least(usage.input + characters / 4);
        }
      }),
    );
  });

  it("L2: the tier is that of the last report and no counter: one may be announced and another one serve", () => {
    const { meter, ignored } = makeMeter();
    meter.report({ serviceTier: "priority" });
    meter.streamed(4);
    expect(meter.current().usage.serviceTier).to.equal("priority");
    meter.report({ input: 10, output: 5 });
    meter.complete();
    expect(meter.current().usage).to.deep.equal({ input: 10, output: 5, total: 15 });
    expect(ignored).to.deep.equal([]);
  });
});
