import { expect } from "chai";
import { faultOfHeader, faultOfModel, parseFault } from "../../src/mocks/faults.ts";
import { MockRefusal } from "../../src/mocks/refusal.ts";

describe("faults of the mocks", () => {
  it("reads numbers in names, with their defaults", () => {
    expect(parseFault("429")).to.deep.equal({ kind: "status", status: 429 });
    expect(parseFault("slow")).to.deep.equal({ kind: "slow", delayMs: undefined });
    expect(parseFault("slow-50")).to.deep.equal({ kind: "slow", delayMs: 50 });
    expect(parseFault("huge")).to.deep.equal({ kind: "huge", mebibytes: 30 });
    expect(parseFault("huge-1")).to.deep.equal({ kind: "huge", mebibytes: 1 });
    expect(parseFault("reset-mid")).to.deep.equal({ kind: "reset-mid" });
    expect(parseFault("200")).to.equal(undefined);
  });

  it("finds the longest fault in a model's name and ignores other names", () => {
    expect(faultOfModel("gpt-4o-mock-reset-mid-turbo")).to.deep.equal({ kind: "reset-mid" });
    expect(faultOfModel("mock-slow-20")).to.deep.equal({ kind: "slow", delayMs: 20 });
    expect(faultOfModel("us.mock-500-v1:0")).to.deep.equal({ kind: "status", status: 500 });
    expect(faultOfModel("mock-model")).to.equal(undefined);
    expect(faultOfModel("gpt-4o")).to.equal(undefined);
  });

  it("refuses a header that names no fault, also for one provider", () => {
    expect(() => faultOfHeader("openai", "trunkate")).to.throw(MockRefusal, "trunkate");
    expect(() => faultOfHeader("openai", "openai=x; anthropic=500")).to.throw(MockRefusal);
    expect(() => faultOfHeader("openai", "opnai=500")).to.throw(MockRefusal, "opnai");
    expect(() => faultOfHeader("openai", "openai=")).to.throw(MockRefusal);
    expect(faultOfHeader("anthropic", "openai=x; anthropic=500")).to.deep.equal({ kind: "status", status: 500 });
  });
});
