import { expect } from "chai";
import { GatewayError } from "../../src/lib/errors.ts";
import { chooseRefusal } from "../../src/planning/choose-refusal.ts";

const waiting = (seconds: string) =>
  new GatewayError("quota_exceeded", `in ${seconds}`, { headers: { "retry-after": seconds } });
const final = (message: string) => new GatewayError("unsupported_pair", message);

describe("chooseRefusal", () => {
  it("prefers what waiting mends, and of that what it mends first", () => {
    expect(chooseRefusal([waiting("100"), waiting("9"), final("never")])?.message).to.equal("in 9");
  });

  it("takes the last of those that nothing mends; none of none", () => {
    expect(chooseRefusal([final("one"), final("two")])?.message).to.equal("two");
    expect(chooseRefusal([])).to.equal(undefined);
  });
});
