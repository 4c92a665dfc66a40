import { expect } from "chai";
import { MemoryLedger } from "../../src/budgets/ledger/stores/memory-ledger.ts";
import { adminToken, startAdmin } from "../admin/support.ts";
import { makeRecord } from "../budgets/ledger/support.ts";
import { runCommand } from "./run-command.ts";

describe("tollgate explain", () => {
  const ledger = new MemoryLedger(10);
  let server: Awaited<ReturnType<typeof startAdmin>>;

  before(async () => {
    server = await startAdmin({ ledger });
  });

  after(() => server.close());

  const ask = (...args: string[]) =>
    runCommand(["explain", "--url", server.url, ...args], { TOLLGATE_ADMIN_TOKEN: adminToken });

  it("tells a request by its id and by its session (L37)", async () => {
    const record = makeRecord({ requestId: "client/1?" });
    ledger.append(record);
    for (const id of ["client/1?", record.session]) {
      const { code, stdout } = await ask(id);
      expect(code).to.equal(0);
      expect(stdout)
        .to.contain(`Request client/1?, session ${record.session}: `)
        .and.contain("x-user-id alice, x-team-id engineering asked for the model gpt-4o")
        .and.match(/It was answered \(status 200\)\.\n$/);
    }
    expect(JSON.parse((await ask(record.session, "-o", "json")).stdout)).to.have.property("cost_usd", "0.003875");
  });

  it("says of an id that nobody knows how long receipts are kept", async () => {
    const { code, stderr } = await ask("nobody");
    expect(code).to.equal(1);
    expect(stderr).to.contain(
      'tollgate explain: there is no receipt of "nobody": name a request by its x-request-id or by its session; receipts are kept for the last 10 requests, until the gateway ends',
    );
  });

  it("says what is wrong with how it was called: exit status 2", async () => {
    for (const args of [[], [""], ["a", "b"]]) {
      const { code, stderr } = await ask(...args);
      expect(code).to.equal(2);
      expect(stderr).to.contain("name one request: tollgate explain ID");
    }
    expect((await ask("--help")).stdout).to.match(/^tollgate explain ID/);
  });
});
