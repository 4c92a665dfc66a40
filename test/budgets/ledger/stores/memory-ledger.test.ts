import { expect } from "chai";
import { MemoryLedger } from "../../../../src/budgets/ledger/stores/memory-ledger.ts";
import { allOf, ledgerContract, stored } from "../ledger.contract.ts";
import { makeExpired, makeRecord } from "../support.ts";

describe("MemoryLedger", () => {
  const shared = new MemoryLedger(100);
  ledgerContract("MemoryLedger", () => shared);

  it("is bounded: keeps the newest, and finds no other", async () => {
    const ledger = new MemoryLedger(3);
    const entries = [makeRecord(), makeExpired(), makeRecord(), makeRecord(), makeRecord()];
    for (const entry of entries) ledger.append(entry);
    expect(await allOf(ledger)).to.deep.equal(entries.slice(-3).map(stored));
    for (const [index, entry] of entries.entries())
      expect((await ledger.find(entry.session)) !== undefined, `entry ${index}`).to.equal(index >= 2);
  });

  it("still finds the newest of a request id when an older one of it is forgotten", async () => {
    const ledger = new MemoryLedger(2);
    const [first, second] = [makeRecord({ requestId: "same" }), makeRecord({ requestId: "same" })];
    for (const entry of [first, second, makeRecord()]) ledger.append(entry);
    expect((await ledger.find("same"))?.session).to.equal(second.session);
    expect(ledger.kept).to.equal("the last 2 requests, until the gateway ends");
  });
});
