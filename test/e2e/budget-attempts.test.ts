import { expect } from "chai";
import { claimPort } from "../../src/cli/ports.ts";
import { budgetYaml, receiptOf, settled } from "../support/budget.ts";
import { chat } from "../support/client.ts";
import { routeYaml, startWorld, unreachableYaml, type World } from "../support/world.ts";

const nowhereYaml = (port: number): string => `${unreachableYaml(port)}---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata: {name: quick-retry, namespace: ai-services}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: llm-route}]
  retry:
    retryOn: {httpStatusCodes: [429, 500, 502, 503, 504], triggers: [connect-failure, reset-before-request, refused-stream, retriable-status-codes, reset, 5xx]}
    perRetry: {timeout: 300ms}
`;

const route = routeYaml("llm-route", {
  "gpt-4o": ["openai-backend", "anthropic-backend"],
  "gpt-4o-mini": ["nobody", "anthropic-backend"],
  "gpt-4-turbo": ["unresolved", "anthropic-backend"],
});

/** What a first attempt that failed costs, and its fallback of 50 tokens. */
describe("attempts of a request that a Hard budget pays", function () {
  this.timeout(60_000);
  let world: World;

  before(async () => {
    const yaml = [
      budgetYaml("tokens", { amount: 10_000, unit: "Tokens" }),
      nowhereYaml(await claimPort("127.0.0.1", 0, "")),
    ].join("---\n");
    world = await startWorld({ yaml, route });
  });
  after(() => world?.close());

  async function verdictsOf(user: string, model: string, fault: string, stream: boolean) {
    const answer = await chat(world.url, model, {
      headers: { "x-user-id": user, "x-request-id": user, "x-mock-usage": "20,30", "x-mock-fault": fault },
      body: { stream, max_completion_tokens: 100 },
    });
    expect(answer.headers["x-ai-provider"]).to.equal("anthropic");
    const { attempts } = await receiptOf(world, user);
    const { spent } = await settled(world, "tokens", user);
    return { verdicts: attempts.map(({ verdict }) => verdict), spent: Number(spent), answer };
  }

  for (const stream of [false, true]) {
    const shape = stream ? "stream" : "JSON";
    for (const [what, model, fault] of [
      ["answers with an error", "gpt-4o", "openai=503"],
      ["refuses the connection", "gpt-4o-mini", ""],
      ["has no address", "gpt-4-turbo", ""],
    ] as const) {
      it(`cost nothing at a backend that ${what}: ${shape} (L33)`, async () => {
        const { verdicts, spent } = await verdictsOf(`${model}-${fault}-${shape}`, model, fault, stream);
        expect({ verdicts, spent }).to.deep.equal({ verdicts: ["free", "billed"], spent: 50 });
      });
    }

    for (const [what, fault] of [
      ["closes the connection without an answer", "openai=reset"],
      ["is too slow", "openai=slow"],
    ] as const) {
      it(`may have cost everything at a backend that ${what}: ${shape} (L33)`, async () => {
        const { verdicts, spent } = await verdictsOf(`${fault}-${shape}`, "gpt-4o", fault, stream);
        expect(verdicts).to.deep.equal(["unknown", "billed"]);
        expect(spent).to.be.within(50 + 100, 50 + 160);
      });
    }
  }

  it("the client is told what the answer cost, without a guess at what failed before it (L37)", async () => {
    const { answer } = await verdictsOf("cost", "gpt-4o", "openai=500", false);
    // 20 × 3.00 + 30 × 15.00
    expect(answer.headers).to.include({ "x-ai-gateway-cost-usd": "0.00051", "x-ai-attempts": "2" });
  });
});
