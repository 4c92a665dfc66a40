import { expect } from "chai";
import { type BannerInput, banner } from "../../src/cli/banner.ts";
import { Secret } from "../../src/core/auth.ts";
import { aiResource, configOf, document } from "../config/support.ts";

const resources = `${aiResource("AIBackend", "a", "{provider: vLLM}")}${aiResource("AIGatewayRoute", "r", "{rules: [{matches: [{headers: [{name: x-ai-eg-model, value: m-1}]}], backendRefs: [{name: a}]}]}")}`;
const config = configOf(resources);

function shown(changes: Partial<BannerInput> = {}, address = "127.0.0.1"): string {
  const { settings } = config;
  return banner({
    config: { ...config, settings: { ...settings, listener: { ...settings.listener, address } } },
    port: 8080,
    adminPort: 9090,
    madeToken: undefined,
    envoyVersion: "1.40.0",
    mocks: new Map(),
    storeUrl: "memory://",
    stateDir: "/var/lib/tollgate",
    demo: false,
    ...changes,
  });
}

describe("banner", () => {
  it("of one's own resources has one command, with a model that they serve, and nothing of mocks", () => {
    expect(shown().match(/curl/g)).to.have.length(1);
    expect(shown()).to.contain("-H 'x-ai-eg-model: m-1'").and.not.contain("mock");
    expect(shown()).to.contain("limits   0 rules, counted in memory");
  });

  it("has no command when no model is known, or its name would break out of the quotes", () => {
    expect(shown({ config: { ...config, models: [] } }))
      .to.contain("models   (none)")
      .and.not.contain("curl");
    expect(shown({ config: { ...config, models: ["it's"] } })).not.to.contain("curl");
  });

  it("names an address that a client can use", () => {
    expect(shown({}, "0.0.0.0")).to.contain("at http://127.0.0.1:8080\n");
    expect(shown({}, "::")).to.contain("at http://[::1]:8080\n");
    expect(shown({}, "192.0.2.7")).to.contain("at http://192.0.2.7:8080\n");
  });

  it("shows the admin token that was made for this run and where commands find it, and none that the operator named", () => {
    expect(shown({ madeToken: new Secret("made-token") })).to.contain(
      "  token    made-token for /budgets and /receipts, until Ctrl-C (also in /var/lib/tollgate/admin-token; for kubectl: export KUBECONFIG=/var/lib/tollgate/kubeconfig)\n",
    );
    expect(shown({ madeToken: new Secret("t"), stateDir: "/it's a place" })).to.contain(
      String.raw`export KUBECONFIG='/it'\''s a place/kubeconfig'`,
    );
    expect(shown()).not.to.contain("token").and.not.to.contain("kubectl");
  });

  it("tells of budgets where there are some, and where what they have spent is kept", () => {
    expect(shown()).not.to.contain("budgets");
    const budget = "{limit: {amount: 10, unit: Tokens}, window: {every: Day}}";
    const { budgets } = configOf(`${resources}${document("tollgate.dev/v1alpha1", "Budget", "b", budget)}`);
    expect(shown({ config: { ...config, budgets } })).to.contain("  budgets  1, kept in /var/lib/tollgate\n");
    expect(shown({ config: { ...config, budgets }, storeUrl: "redis://user:secret@redis.example" }))
      .to.contain("  budgets  1, kept in redis://redis.example")
      .and.not.contain("secret");
  });

  it("never shows the store's credentials", () => {
    expect(shown({ storeUrl: "rediss://user:must-not-be-shown@redis.example:6380/0" }))
      .to.contain("counted in rediss://redis.example:6380\n")
      .and.not.contain("must-not-be-shown");
  });
});
