import { expect } from "chai";
import { chat } from "../support/client.ts";
import { policyYaml } from "../support/policy.ts";
import { startRedisCluster, type TestRedisCluster } from "../support/redis-cluster.ts";
import { startWorld, type World } from "../support/world.ts";

describe("limits that count on a Redis Cluster", function () {
  this.timeout(60_000);
  let cluster: TestRedisCluster;
  let world: World;

  before(async () => {
    cluster = await startRedisCluster("must-not-be-shown");
    world = await startWorld({
      storeUrl: cluster.url,
      yaml: [
        policyYaml("per-user", [{ requests: 3, selectors: ["x-user-id"], unit: "Year", cost: "{}" }]),
        policyYaml("per-team", [{ requests: 20, selectors: ["x-team-id"], unit: "Year", cost: "{}" }]),
      ].join("---"),
    });
  });
  after(async () => {
    await world?.close();
    await cluster?.stop();
  });

  it("a call that one limit refuses counts on no other, wherever their counters are (L15)", async () => {
    const passed: string[] = [];
    // seven users who may call three times each, of one team that may call twenty times
    for (const user of ["a", "b", "c", "d", "e", "f", "g"])
      for (let number = 0; number < 6; number++) {
        const headers = { "x-user-id": user, "x-team-id": "red" };
        const answer = await chat(world.url, "gpt-4o", { headers });
        if (answer.status === 200) passed.push(user);
        else expect(answer.json().error.message).to.match(/per-user rule 1.* 3 of 3|per-team rule 1.* 20 of 20/);
      }
    expect(passed).to.have.length(20);
    expect(world.openai.requests).to.have.length(20);
    expect(JSON.stringify(world.log)).to.not.contain("must-not-be-shown");
  });
});
