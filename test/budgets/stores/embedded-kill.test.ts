import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { EmbeddedBudgetStore } from "../../../src/budgets/stores/embedded.ts";
import { until } from "../../support/wait.ts";
import { billOf, budgets, heldBy, reserveOf, settleOf, textOf } from "./kill-load.ts";

const load = fileURLToPath(new URL("kill-load.ts", import.meta.url));

describe("EmbeddedBudgetStore in a process that is killed -9", function () {
  this.timeout(60_000);
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "tollgate-kill-"));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  /** What a process answered until it was killed; after so many answers. */
  async function answersOfKilled(after: number): Promise<readonly string[]> {
    const args = ["--import", "ts-blank-space/register", load, join(directory, "budgets")];
    const said = join(directory, "answers");
    const stdout = openSync(said, "w"); // a file takes every line at once, as a pipe does not
    const child = spawn(process.execPath, args, { stdio: ["ignore", stdout, "inherit"] });
    closeSync(stdout);
    const exit = once(child, "exit");
    await until(
      `${after} answers`,
      () => readFileSync(said, "utf8").split("\n").length > after || child.exitCode !== null,
    );
    child.kill("SIGKILL");
    const [, signal] = (await exit) as [number | null, string | null];
    expect(signal).to.equal("SIGKILL");
    // a line that was torn was not said
    return readFileSync(said, "utf8").split("\n").slice(0, -1);
  }

  for (const after of [1, 300, 2_500, 6_000]) {
    it(`L32, L39: after ${after} answers everything that was answered is there, and spent + held ≤ limit`, async () => {
      const answers = await answersOfKilled(after);
      let nowMs = Date.now();
      const troubles: string[] = [];
      const onTrouble = (message: string) => troubles.push(message);
      const store = await EmbeddedBudgetStore.open({
        directory: join(directory, "budgets"),
        nowMs: () => nowMs,
        onTrouble,
      });
      const queries = budgets.flatMap((budget) => [0, 1, 2].map((user) => ({ budget, account: `user-${user}` })));
      const before = await store.read(queries);
      const held = new Set<number>();
      const settled = new Set<number>();
      for (const line of answers) {
        const [, operation, number, answer] = /^(\w+) (\d+) (.*)$/.exec(line) ?? [];
        const session = Number(number);
        const repeated = operation === "reserve" ? store.reserve(reserveOf(session)) : store.settle(settleOf(session));
        expect(textOf(await repeated), line.slice(0, 30)).to.equal(answer);
        if (answer?.startsWith('{"kind":"reserved"')) held.add(session);
        if (answer?.startsWith('{"kind":"settled"')) settled.add(session);
      }
      expect(await store.read(queries), "what repetitions change").to.deep.equal(before);
      for (const [index, { spent, held: open, limit, overrun, account }] of before.entries()) {
        expect(spent + open <= limit, `${spent} + ${open} ≤ ${limit}`).to.equal(true);
        expect(overrun).to.equal(0n);
        const mine = [...held].filter((session) => `user-${session % 3}` === account);
        const billed = mine.filter((session) => settled.has(session));
        const least = billed.reduce((sum, session) => sum + billOf(session), 0n);
        expect(spent >= least, `spent of query ${index}: ${spent} ≥ ${least}`).to.equal(true);
      }
      nowMs += 60_000;
      const expired = await store.expire({ id: "sweep", maxHolds: 1_000_000 });
      // one operation of each of the 64 workers may have been written and not been said
      expect(expired.length).to.be.within(held.size - settled.size - 64, held.size - settled.size + 64);
      for (const { verdict, lines } of expired) {
        expect(verdict).to.equal("unknown");
        expect(lines.map(({ spent }) => spent)).to.deep.equal([heldBy, heldBy]);
      }
      for (const standing of await store.read(queries)) {
        expect(standing.held).to.equal(0n);
        expect(standing.spent <= standing.limit).to.equal(true);
      }
      expect(troubles).to.deep.equal([]);
      await store.close();
    });
  }
});
