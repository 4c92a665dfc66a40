import { expect } from "chai";
import { claimPort } from "../../../src/cli/ports.ts";
import { makeStore } from "../../../src/ratelimit/stores/index.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";

describe("a store whose password is wrong", () => {
  let redis: TestRedis;

  before(async () => {
    const busPort = String(await claimPort("127.0.0.1", 0, ""));
    const cluster = ["--cluster-enabled", "yes", "--cluster-port", busPort];
    redis = await startRedis({ args: ["--requirepass", "right", ...cluster, "--save", ""] });
  });
  after(() => redis?.stop());

  for (const scheme of ["redis", "redis+cluster"]) {
    it(`L18: is told as such, without the password (${scheme})`, async () => {
      const told: string[] = [];
      const store = makeStore(`${scheme}://:must-not-be-shown@127.0.0.1:${redis.port}`, {
        timeoutMs: 1_000,
        nowMs: Date.now,
        onState: (state, reason) => told.push(`${state} ${reason}`),
      });
      try {
        await until("the failure to be told", () => told.length > 0);
        expect(told[0]).to.match(/^lost Redis .*user or password are not accepted \((WRONGPASS|NOAUTH)\)$/);
        expect(told.join("\n")).to.not.contain("must-not-be-shown");
      } finally {
        await store.close();
      }
    });
  }
});
