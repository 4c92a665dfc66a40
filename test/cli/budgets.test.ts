import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { MemoryBudgetStore } from "../../src/budgets/stores/memory.ts";
import { claimPort } from "../../src/cli/ports.ts";
import type { BudgetRule } from "../../src/core/budget.ts";
import { adminToken, startAdmin } from "../admin/support.ts";
import { lineOf, makeReserve } from "../budgets/support.ts";
import { type Ran, runCommand } from "./run-command.ts";

const nowMs = Date.parse("2026-03-04T12:00:00Z");

const daily: BudgetRule = {
  id: "ai/daily-100",
  subject: ["x-user-id"],
  match: [],
  limit: 100_000_000_000n,
  unit: { kind: "USD" },
  window: { kind: "calendar", every: "Day", timeZone: "UTC" },
  enforcement: "Hard",
  estimate: "UpperBound",
  tiers: [{ remainingBelowPercent: 50, action: "Downgrade", model: "gpt-4o-mini" }],
  onStoreFailure: "Deny",
  unknownPrice: "Deny",
};
const hourly: BudgetRule = {
  ...daily,
  id: "ai/hourly",
  limit: 5_000n,
  unit: { kind: "Tokens" },
  window: { kind: "rolling", lengthMs: 3_600_000 },
  enforcement: "Soft",
};

describe("tollgate budgets", () => {
  let server: Awaited<ReturnType<typeof startAdmin>>;
  let folder: string;

  before(async () => {
    const store = new MemoryBudgetStore(() => nowMs);
    await store.reserve(makeReserve([lineOf(daily, 60_500_000_000n)]));
    server = await startAdmin({
      budgets: () => new Map([daily, hourly].map((rule) => [rule.id, rule])),
      accountsOf: (id) => (id === daily.id ? ["alice", "\u001bbob"] : []),
      read: (queries) => store.read(queries),
    });
    folder = mkdtempSync(join(tmpdir(), "tollgate-budgets-"));
    writeFileSync(join(folder, "admin-token"), `${adminToken}\n`);
  });

  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  function ask(
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = { TOLLGATE_STATE_DIR: folder },
  ): Promise<Ran> {
    return runCommand(["budgets", "--url", server.url, ...args], env);
  }

  it("shows every account as a line of a table", async () => {
    const { code, stdout } = await ask();
    expect(code).to.equal(0);
    expect(stdout).to.equal(
      [
        "BUDGET             ACCOUNT         WINDOW              LIMIT   SPENT     HELD         REMAINING   TIER                                    RESETS",
        "ai/daily-100       alice           Day UTC           $100.00   $0.00   $60.50   $39.50 (39.5 %)   Downgrade to gpt-4o-mini (below 50 %)   2026-03-05T00:00:00.000Z",
        "ai/daily-100       \\u{1b}bob       Day UTC           $100.00   $0.00    $0.00   $100.00 (100 %)   -                                       2026-03-05T00:00:00.000Z",
        "ai/hourly (Soft)   (none lately)   rolling 1h   5,000 tokens       -        -                 -   -                                       -",
        "",
      ].join("\n"),
    );
  });

  it("shows one budget, by its name with or without the namespace, and the same as JSON", async () => {
    for (const name of ["ai/daily-100", "daily-100"]) {
      const { code, stdout } = await ask([name, "-o", "json"]);
      expect(code).to.equal(0);
      const { budgets } = JSON.parse(stdout) as { budgets: { name: string; accounts: { held: string }[] }[] };
      expect(budgets.map((budget) => [budget.name, budget.accounts[0]?.held])).to.deep.equal([
        ["ai/daily-100", "60.50"],
      ]);
    }
    const none = await ask(["daily"]);
    expect(none.code).to.equal(1);
    expect(none.stderr).to.equal('tollgate budgets: there is no budget "daily"; there are ai/daily-100, ai/hourly\n');
  });

  it("takes the admin token of the flag over the variable over the state directory's file", async () => {
    for (const [args, env, code] of [
      [["--admin-token", adminToken], { TOLLGATE_ADMIN_TOKEN: "wrong" }, 0],
      [["--state-dir", join(folder, "none")], { TOLLGATE_ADMIN_TOKEN: adminToken }, 0],
      [["--state-dir", folder], { TOLLGATE_STATE_DIR: "/nowhere" }, 0],
      [["--state-dir", folder], { TOLLGATE_ADMIN_TOKEN: "wrong" }, 1],
    ] as const)
      expect((await ask(args, env)).code, args.join(" ")).to.equal(code);
  });

  it("says where the token is when it has none or a wrong one, and never shows it", async () => {
    const without = await ask([], { TOLLGATE_STATE_DIR: join(folder, "none") });
    expect(without.code).to.equal(1);
    expect(without.stderr)
      .to.contain(`the gateway at ${server.url} asks for its admin token, and none was found`)
      .and.contain("admin-token of its state directory (--state-dir), tollgate serve prints it");
    const wrong = await ask([], { TOLLGATE_ADMIN_TOKEN: "must-not-be-shown" });
    expect(wrong.stderr)
      .to.contain("does not accept the admin token of TOLLGATE_ADMIN_TOKEN")
      .and.not.contain("must-not");
  });

  it("says how to start a gateway when none answers, and when it is another program", async () => {
    const port = await claimPort("127.0.0.1", 0, "");
    const away = await runCommand(["budgets"], { TOLLGATE_ADMIN_PORT: String(port) });
    expect(away.code).to.equal(1);
    expect(away.stderr).to.equal(
      `tollgate budgets: no gateway answers at http://127.0.0.1:${port} (connection refused); start one with tollgate up, or name the admin address of one that runs with --url\n`,
    );
    const bodies = ["<html>", "{}", '{"budgets": [{}]}'];
    const other = createServer((_, response) => response.end(bodies.shift()));
    await new Promise<void>((resolve) => other.listen(port, "127.0.0.1", resolve));
    while (bodies.length > 0)
      expect((await runCommand(["budgets", "--url", `http://127.0.0.1:${port}/`])).stderr).to.contain(
        `what answers at http://127.0.0.1:${port}/budgets (status 200) is no admin port`,
      );
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
  });

  it("says so when there are none", async () => {
    const empty = await startAdmin({});
    const { stdout } = await runCommand(["budgets", "--url", empty.url, "--admin-token", adminToken]);
    expect(stdout).to.equal("the gateway has no budgets\n");
    await empty.close();
  });

  it("says what is wrong with how it was called: exit status 2", async () => {
    for (const [args, told] of [
      [["a", "b"], "name one budget, not a b"],
      [["-o", "yaml"], "--output must be table or json, not yaml"],
      [["--url", "localhost:9090"], "--url must be such as http://127.0.0.1:9090"],
      [["--admin-token", "must not be shown"], "--admin-token must be printable ASCII without spaces"],
    ] as const) {
      const { code, stderr } = await ask(args);
      expect(code, args.join(" ")).to.equal(2);
      expect(stderr).to.contain(told).and.not.contain("must not be shown");
    }
    expect((await ask(["--help"])).stdout).to.match(/^tollgate budgets \[NAME\]/);
  });
});
