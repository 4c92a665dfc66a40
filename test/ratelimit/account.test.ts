import { expect } from "chai";
import fc from "fast-check";
import { decodeAccount, encodeAccount } from "../../src/ratelimit/account.ts";

describe("account", () => {
  it("L10: is v1 alone without parts: never empty", () => {
    expect(encodeAccount([])).to.equal("v1");
    expect(decodeAccount("v1")).to.deep.equal([]);
  });

  it("L10: prefixes every part with its length", () => {
    expect(encodeAccount(["ada", ""])).to.equal("v1|3:ada|0:");
  });

  it("L15: parts are never confused", () => {
    expect(encodeAccount(["a_b", "c"])).to.not.equal(encodeAccount(["a", "b_c"]));
    expect(encodeAccount(["a|1:b"])).to.not.equal(encodeAccount(["a", "b"]));
  });

  it("L10: property: decode(encode(parts)) gives the parts, whatever their characters", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string(),
      fc.constantFrom("|", ":", "1:", "|1:a", "{}", "%7B"),
    );
    fc.assert(
      fc.property(fc.array(text), (parts) => {
        const account = encodeAccount(parts);
        expect(account).to.not.equal("");
        expect(decodeAccount(account)).to.deep.equal(parts);
      }),
    );
  });

  for (const foreign of ["", "v2", "v1x", "v1|3:ab", "v1|:ab", "v1|-1:ab", "ada"]) {
    it(`does not decode ${JSON.stringify(foreign)}`, () => {
      expect(decodeAccount(foreign)).to.equal(undefined);
    });
  }
});
