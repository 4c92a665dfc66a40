import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { FileLedger } from "../../src/budgets/ledger/stores/file-ledger.ts";
import type { AttemptRecord, LedgerEntry, RequestRecord } from "../../src/core/request-record.ts";
import { makeExpired, makeRecord, noonMs, ToldEvents } from "../budgets/ledger/support.ts";
import { document } from "../config/support.ts";
import { type Ran, runCommand } from "./run-command.ts";

/** Five cents a day for each team, a cheaper model below half of it. */
const policy = document(
  "tollgate.dev/v1alpha1",
  "Budget",
  "ai/team",
  '{subject: [{header: x-team-id}], limit: {amount: "0.05", unit: USD}, window: {every: Day}, tiers: [{remainingBelowPercent: 50, action: Downgrade, model: gpt-4o-mini}]}',
);

const mini = 750_000;
const full = 12_500_000;

/** A thousand tokens each way; it could have been two thousand out. */
function made(second: number, team: string, parts: Partial<RequestRecord> = {}, costNanoUsd = full): RequestRecord {
  const model = parts.model ?? "gpt-4o";
  const attempt: AttemptRecord = {
    backend: "ai/openai",
    provider: "openai",
    model,
    verdict: "billed",
    usage: { input: 1_000, output: 1_000, total: 2_000 },
    estimated: false,
    costNanoUsd,
    unpriced: false,
  };
  return makeRecord({
    session: `${team}-${second}`,
    startedMs: noonMs + second * 1_000,
    durationMs: 1_000,
    identity: { "x-user-id": "alice", "x-team-id": team },
    bound: { inputTokens: 1_000, outputTokens: 2_000 },
    attempts: [attempt],
    costNanoUsd,
    budgets: [],
    ...parts,
  });
}

const refused = { outcome: "rejected", code: "budget_exceeded", attempts: [], costNanoUsd: 0 };
const log: readonly LedgerEntry[] = [
  ...[0, 10, 20, 30].map((second) => made(second, "engineering")),
  made(5, "sales", { bound: { inputTokens: 1_000, outputTokens: 10_000 } }),
  made(15, "sales", refused),
  made(25, "sales", { model: "gpt-4o-mini" }, mini),
  made(26, "sales", { ...refused, bound: undefined, requestedModel: "gpt-4o-mini", model: "gpt-4o-mini" }),
  makeExpired(),
];

const expected = `8 requests from 2026-03-04T12:00:00.000Z to 2026-03-04T12:00:30.000Z

X-TEAM-ID     CALLS   REFUSED   (WAS)   DOWNGRADED   (WAS)   DOLLARS     (WAS)
engineering       4         0       0            1       0   0.03825      0.05
sales             4         1       2            0       1     0.035   0.01325

X-USER-ID   CALLS   REFUSED   (WAS)   DOWNGRADED   (WAS)   DOLLARS     (WAS)
alice           8         1       2            1       1   0.07325   0.06325

MODEL         CALLS   REFUSED   (WAS)   DOWNGRADED   (WAS)   DOLLARS     (WAS)
gpt-4o            7         1       1            1       1   0.07325   0.06325
gpt-4o-mini       1         0       1            0       0      0.00      0.00

ALL   CALLS   REFUSED   (WAS)   DOWNGRADED   (WAS)   DOLLARS     (WAS)
all       8         1       2            1       1   0.07325   0.06325

Refused now:
  1 by ai/team

* Holds of gateways that ended without settling them: 1. Their requests were not recorded and are not replayed.
* Refused in reality, passing now: 1. Nobody knows what they would have used, so they count with their upper bound.
* Refused in reality, passing now, without a recorded upper bound: 1. They count as calls that cost nothing.
* The policy has no routes: its budgets are for every request.
* Usage is what was recorded: another model may answer at another length, and clients that are refused may ask again.
`;

describe("tollgate replay", () => {
  let folder: string;
  let ledgerFolder: string;
  let policyFile: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-replay-"));
    ledgerFolder = join(folder, "ledger");
    policyFile = join(folder, "policy.yaml");
    writeFileSync(policyFile, policy);
    const ledger = await FileLedger.open({
      directory: ledgerFolder,
      segmentBytes: 2_000,
      maxSegments: 100,
      sync: "never",
      maxFound: 100,
      events: new ToldEvents(),
    });
    for (const entry of log) {
      ledger.append(entry);
      await ledger.find(entry.session); // so that there are several segments
    }
    await ledger.close();
  });

  after(() => rmSync(folder, { recursive: true }));

  function segments(): readonly string[] {
    return readdirSync(ledgerFolder)
      .sort()
      .map((name) => join(ledgerFolder, name));
  }

  async function table(...logs: readonly string[]): Promise<Ran> {
    return await runCommand(["replay", ...logs.flatMap((path) => ["--log", path]), "-f", policyFile]);
  }

  it("compares what a policy makes of a ledger with what happened", async () => {
    const { code, stdout } = await table(ledgerFolder);
    expect(code).to.equal(0);
    expect(stdout).to.equal(expected);
  });

  it("gives the same for single segments in any order, for some of them twice, and for plain JSON lines", async () => {
    expect(segments().length).to.be.above(2);
    const plain = join(folder, "plain.jsonl");
    writeFileSync(plain, log.map((entry) => `${JSON.stringify(entry)}\n`).join("\n"));
    for (const logs of [[...segments()].reverse(), [...segments(), ...segments().slice(0, 2)], [plain]])
      expect((await table(...logs)).stdout.split("\n\n* ")[0]).to.equal(expected.split("\n\n* ")[0]);
  });

  it("gives it as JSON", async () => {
    const { stdout } = await runCommand(["replay", "--log", ledgerFolder, "-f", policyFile, "-o", "json"]);
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(report).to.deep.include({
      from: "2026-03-04T12:00:00.000Z",
      to: "2026-03-04T12:00:30.000Z",
      total: {
        value: "all",
        calls: 8,
        refused: { recorded: 2, replayed: 1 },
        downgraded: { recorded: 1, replayed: 1 },
        cost_usd: { recorded: "0.06325", replayed: "0.07325" },
      },
      refused_by: { "ai/team": 1 },
    });
    expect(report).to.have.nested.property("groups[0].by", "x-team-id");
  });

  it("counts lines that are no entries, and goes on", async () => {
    const path = join(folder, "damaged.jsonl");
    const [first = ""] = segments();
    const text = readFileSync(first, "utf8");
    writeFileSync(path, `${text}${text.slice(0, -20)}\n{"type": "request"}\n{"type":\nnonsense\n`);
    const { code, stdout } = await table(path);
    expect(code).to.equal(0);
    expect(stdout).to.contain("* Lines of the log that are no entries were skipped: 4.");
  });

  it("says what is wrong with how it was called: exit status 2", async () => {
    for (const [args, told] of [
      [["-f", policyFile], "name the ledger with --log PATH"],
      [["--log", ledgerFolder], "name the resources with the budgets to try with -f PATH"],
      [["--log", "a", "b", "-f", "c"], "every PATH needs its own --log or -f: b"],
      [["--log", "a", "-f", "c", "-o", "yaml"], "--output must be table or json"],
    ] as const) {
      const { code, stderr } = await runCommand(["replay", ...args]);
      expect(code, args.join(" ")).to.equal(2);
      expect(stderr).to.contain(told);
    }
    expect((await runCommand(["replay", "--help"])).stdout).to.match(/^tollgate replay --log PATH/);
  });

  it("says which log cannot be read, and where one is", async () => {
    const none = await table(join(folder, "none.jsonl"));
    expect(none.code).to.equal(1);
    expect(none.stderr).to.match(/none\.jsonl cannot be read \(ENOENT\); name a file or folder of a ledger with --log/);
    expect((await table(mkdtempSync(join(folder, "empty-")))).stderr).to.contain(
      "has no *.jsonl file; tollgate up keeps its ledger in the folder ledger of its state directory",
    );
  });
});
