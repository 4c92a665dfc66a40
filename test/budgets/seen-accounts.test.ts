import { expect } from "chai";
import { SeenAccounts } from "../../src/budgets/seen-accounts.ts";

describe("SeenAccounts", () => {
  it("tells the latest first, each once, of every budget its own", () => {
    const seen = new SeenAccounts();
    for (const account of ["ada", "bob", "ada"]) seen.add("b", account);
    seen.add("c", "cay");
    expect(seen.of("b")).to.deep.equal(["ada", "bob"]);
    expect(seen.of("c")).to.deep.equal(["cay"]);
    expect(seen.of("d")).to.deep.equal([]);
  });

  it("forgets whom it has not seen for longest, beyond a thousand", () => {
    const seen = new SeenAccounts();
    for (let index = 0; index < 1_000; index++) seen.add("b", `${index}`);
    seen.add("b", "0");
    seen.add("b", "new");
    expect(seen.of("b")).to.have.length(1_000);
    expect(seen.of("b").slice(0, 2)).to.deep.equal(["new", "0"]);
    expect(seen.of("b")).not.to.include("1");
  });
});
