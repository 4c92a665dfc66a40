import { randomUUID } from "node:crypto";
import { expect } from "chai";
import type { Ledger, LedgerEntry } from "../../../src/core/request-record.ts";
import { makeBudgetRecord, makeExpired, makeRecord } from "./support.ts";

/** Without the members that are undefined, which no ledger stores. */
export function stored(entry: LedgerEntry | undefined): unknown {
  return entry && JSON.parse(JSON.stringify(entry));
}

export async function allOf(ledger: Ledger): Promise<readonly unknown[]> {
  const entries: unknown[] = [];
  for await (const entry of ledger.entries()) entries.push(stored(entry));
  return entries;
}

/** What every ledger does (L37). `subject` may be one that other cases have written to. */
export function ledgerContract(name: string, subject: () => Ledger): void {
  describe(`${name}: as every ledger`, () => {
    it("finds a request by its session and by the client's request id, as it was appended (L37)", async () => {
      const record = makeRecord({ bound: undefined, code: "budget_exceeded", message: "no" });
      for (const entry of [makeRecord(), makeRecord(), record, makeRecord()]) subject().append(entry);
      expect(stored(await subject().find(record.session))).to.deep.equal(stored(record));
      expect(stored(await subject().find(record.requestId ?? ""))).to.deep.equal(stored(record));
    });

    it("knows nothing of other ids", async () => {
      subject().append(makeRecord({ requestId: undefined }));
      for (const id of [randomUUID(), "", "undefined", "__proto__", "constructor", "*"])
        expect(await subject().find(id), id).to.equal(undefined);
    });

    it("finds the newest of the requests that a client gave one id", async () => {
      const requestId = randomUUID();
      const [first, second] = [makeRecord({ requestId }), makeRecord({ requestId, startedMs: 0 })];
      subject().append(first);
      subject().append(second);
      expect((await subject().find(requestId))?.session).to.equal(second.session);
      expect((await subject().find(first.session))?.session).to.equal(first.session);
    });

    it("finds the session when a client calls its request like one", async () => {
      const victim = makeRecord();
      subject().append(victim);
      subject().append(makeRecord({ requestId: victim.session }));
      expect((await subject().find(victim.session))?.session).to.equal(victim.session);
    });

    it("takes request ids of any length and any characters", async () => {
      for (const requestId of ["x".repeat(60_000), "ü\n\u2028 {}*?[a]", "__proto__"]) {
        const record = makeRecord({ requestId });
        subject().append(record);
        expect((await subject().find(requestId))?.session).to.equal(record.session);
      }
    });

    it("keeps amounts above 2^53 to the last digit", async () => {
      const limit = String(2n ** 62n + 1n);
      const record = makeRecord({ budgets: [makeBudgetRecord({ limit })] });
      subject().append(record);
      expect((await subject().find(record.session))?.budgets[0]?.limit).to.equal(limit);
    });

    it("gives every entry, oldest first, and finds no request in an expired hold", async () => {
      const entries = [makeRecord(), makeExpired(), makeRecord(), makeExpired()];
      for (const entry of entries) subject().append(entry);
      expect((await allOf(subject())).slice(-entries.length)).to.deep.equal(entries.map(stored));
      expect(await subject().find(entries[1]?.session ?? "")).to.equal(undefined);
    });

    it("says how long it keeps them", () => {
      expect(subject().kept).to.match(/^[\w ,]*\d.*requests/);
    });
  });
}
