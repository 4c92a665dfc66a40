import { writeFileSync } from "node:fs";
import { expect } from "chai";
import { chat } from "../support/client.ts";
import { policyYaml } from "../support/policy.ts";
import { type Served, startServed } from "../support/served.ts";
import { until } from "../support/wait.ts";
import { routeYaml, startMocks } from "../support/world.ts";

describe("resources that change while tollgate serve runs beside an Envoy that somebody else configures", function () {
  this.timeout(120_000);
  let mocks: Awaited<ReturnType<typeof startMocks>>;
  let served: Served;

  before(async () => {
    mocks = await startMocks();
    served = await startServed(withLimit(1_000));
  });
  after(async () => {
    await served?.close();
    await mocks?.close();
  });

  const withLimit = (requests: number): string =>
    `${mocks.resources}\n---\n${policyYaml("users", [{ requests, selectors: ["x-user-id"] }])}`;

  async function told(pattern: RegExp, act: () => void): Promise<string> {
    const before = served.output();
    act();
    return await until(`${pattern}`, () => pattern.exec(served.output().slice(before.length))?.[0]);
  }

  const status = async (): Promise<number> =>
    (await chat(served.url, "gpt-4o", { headers: { "x-user-id": "spender", "x-mock-usage": "300,300" } })).status;

  it("are in force for the next request; counters stay", async () => {
    expect(await status()).to.equal(200);
    const said = await told(/reloaded in .*/, () => writeFileSync(served.resources, withLimit(500)));
    expect(said).to.match(/: changed BackendTrafficPolicy ai-services\/users \(version \w+\)/);
    expect(await status()).to.equal(429);
    await told(/reloaded in .*/, () => writeFileSync(served.resources, withLimit(1_500)));
    expect(await status()).to.equal(200);
  });

  it("are told to need more than that when Envoy would be configured otherwise", async () => {
    const quiet = await told(/reloaded in [\s\S]*\n/, () => writeFileSync(served.resources, withLimit(2_000)));
    expect(quiet).not.to.contain("tollgate render");
    const more = `${withLimit(2_000)}\n---\n${routeYaml("new", { new: ["openai-backend"] })}`;
    await told(/warning: Envoy's configuration is not changed by this; if it was made with tollgate render/, () =>
      writeFileSync(served.resources, more),
    );
    await told(/reloaded in/, () => writeFileSync(served.resources, withLimit(2_000)));
  });

  it("are read again on SIGHUP, which no longer ends it", async () => {
    const said = await told(/not reloaded.*/, () => process.kill(served.gatewayPid, "SIGHUP"));
    expect(said).to.contain("the resources are what is in force already");
    expect((await fetch(`${served.adminUrl}/ready`)).status).to.equal(200);
  });
});
