import { expect } from "chai";
import { type Change, type EnvoySide, LiveConfiguration } from "../../src/cli/live-configuration.ts";
import type { RuntimeConfig } from "../../src/core/runtime-config.ts";
import { aiResource, configOf, policy } from "../config/support.ts";

const backend = aiResource("AIBackend", "a", "{provider: vLLM, endpoint: 'http://127.0.0.1:1'}");
const route = aiResource("AIGatewayRoute", "r", "{rules: [{backendRefs: [{name: a}]}]}");

/** A configuration with one limit, whose id depends on its unit and whose number does not matter for it. */
function makeConfig(requests: number, unit = "Hour"): RuntimeConfig {
  const rules = `[{limit: {requests: ${requests}, unit: ${unit}}}]`;
  const target = "[{group: gateway.networking.k8s.io, kind: HTTPRoute, name: r}]";
  return configOf(
    backend + route + policy("p", `{targetRefs: ${target}, rateLimit: {type: Global, global: {rules: ${rules}}}}`),
  );
}

const limitOf = (config: RuntimeConfig): string => [...config.limits.keys()][0] ?? "";

/** An Envoy that answers when it is told to. */
class FakeEnvoy implements EnvoySide {
  readonly log: string[] = [];
  #settle: ((change: Change) => void) | undefined;

  apply(next: RuntimeConfig, others: readonly RuntimeConfig[]): Promise<Change> {
    this.log.push(`apply ${next.version} beside ${others.map(({ version }) => version).join()}`);
    return new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  keep(configs: readonly RuntimeConfig[]): void {
    this.log.push(`keep ${configs.map(({ version }) => version).join()}`);
  }

  answers(change: Change = { kind: "applied", remarks: [] }): void {
    this.#settle?.(change);
  }
}

function makeLive(config: RuntimeConfig, envoy?: FakeEnvoy) {
  const inUse = new Set<RuntimeConfig>();
  const clock = { nowMs: 0 };
  const prepared: string[] = [];
  const live = new LiveConfiguration({
    config,
    nowMs: () => clock.nowMs,
    inUse: () => inUse,
    prepare: async ({ version }) => void prepared.push(version),
    envoy,
  });
  return { live, inUse, clock, prepared };
}

/** What a promise's continuation needs to run. */
const soon = (): Promise<void> => new Promise(setImmediate);

describe("LiveConfiguration", () => {
  const [first, second, third] = [makeConfig(1), makeConfig(2), makeConfig(3, "Day")];

  it("knows the next one for requests that Envoy says are its, before it is in force", async () => {
    const envoy = new FakeEnvoy();
    const { live, prepared } = makeLive(first, envoy);
    const change = live.change(second);
    await soon();
    expect(prepared).to.deep.equal([second.version]);
    expect(envoy.log).to.deep.equal([`apply ${second.version} beside ${first.version}`]);
    expect(live.current).to.equal(first);
    expect(live.of(second.version)).to.equal(second);
    expect(live.of(undefined)).to.equal(first);
    envoy.answers();
    expect(await change).to.deep.equal({ kind: "applied", remarks: [] });
    expect(live.current).to.equal(second);
    expect(live.of(first.version)).to.equal(first);
    expect(live.of("unheard")).to.equal(second);
  });

  it("stays as it was when Envoy refuses", async () => {
    const envoy = new FakeEnvoy();
    const { live } = makeLive(first, envoy);
    const change = live.change(second);
    await soon();
    envoy.answers({ kind: "refused", reason: "no" });
    expect(await change).to.deep.equal({ kind: "refused", reason: "no" });
    expect(live.known).to.deep.equal([first]);
    expect(envoy.log.at(-1)).to.equal(`keep ${first.version}`);
    expect(live.of(second.version)).to.equal(first);
  });

  it("keeps a former one until five seconds after the last request that began with it", async () => {
    const envoy = new FakeEnvoy();
    const { live, inUse, clock } = makeLive(first, envoy);
    const change = live.change(second);
    await soon();
    envoy.answers();
    await change;
    inUse.add(first);
    clock.nowMs = 60_000;
    live.tend();
    inUse.delete(first);
    clock.nowMs += 4_999;
    live.tend();
    expect(live.known).to.deep.equal([second, first]);
    clock.nowMs += 1;
    live.tend();
    expect(live.known).to.deep.equal([second]);
    expect(envoy.log.slice(1)).to.deep.equal([`keep ${second.version},${first.version}`, `keep ${second.version}`]);
  });

  it("leaves what is served to a change that is under way", async () => {
    const envoy = new FakeEnvoy();
    const { live, clock } = makeLive(first, envoy);
    const done = live.change(second);
    await soon();
    envoy.answers();
    await done;
    const change = live.change(third);
    await soon();
    clock.nowMs = 10_000;
    live.tend();
    expect(envoy.log.at(-1)).to.match(/^apply/);
    expect(live.known).to.deep.equal([third, second]);
    envoy.answers();
    await change;
    clock.nowMs = 20_000;
    live.tend();
    expect(envoy.log.at(-1)).to.equal(`keep ${third.version}`);
  });

  it("goes back to the very one that is still in use", async () => {
    const { live } = makeLive(first);
    await live.change(second);
    await live.change(makeConfig(1));
    expect(live.current).to.equal(first);
    expect(live.known).to.deep.equal([first, second]);
  });

  it("does nothing when nothing has changed", async () => {
    const envoy = new FakeEnvoy();
    const { live, prepared } = makeLive(first, envoy);
    expect(await live.change(makeConfig(1))).to.deep.equal({ kind: "applied", remarks: [] });
    expect([envoy.log, prepared]).to.deep.equal([[], []]);
    expect(live.current).to.equal(first);
  });

  it("finds limits as they are now, and those that only former requests have", async () => {
    const { live, clock } = makeLive(first);
    await live.change(second);
    expect(limitOf(second), "an edited limit keeps its counter").to.equal(limitOf(first));
    expect(live.findLimit(limitOf(first))?.limit).to.equal(2);
    await live.change(third);
    expect(live.findLimit(limitOf(first))?.limit).to.equal(2);
    expect(live.findLimit(limitOf(third))?.limit).to.equal(3);
    clock.nowMs = 5_000;
    live.tend();
    expect(live.findLimit(limitOf(first))).to.equal(undefined);
  });

  it("keeps at most 200 former ones", async () => {
    const { live, inUse } = makeLive(first);
    for (let number = 10; number < 215; number++) {
      inUse.add(live.current);
      await live.change(makeConfig(number));
    }
    live.tend();
    expect(live.known).to.have.length(201);
  });
});
