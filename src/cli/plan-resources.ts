import { stringify } from "yaml";
import type { Price } from "../core/prices.ts";
import { formatUsd } from "../lib/money.ts";
import { affordedTokens } from "../metering/spending-plan.ts";
import { UsageError } from "./options.ts";
import type { PlanRequest } from "./plan-request.ts";

export interface PlanResourcesOptions {
  readonly namespace: string;
  readonly route: string;
  /** The header that tells users apart. */
  readonly userHeader: string;
  readonly limitBy: "dollars" | "tokens";
}

const metadataKey = "llm_cost_usd";
const nanoPerMicro = 1_000;
const maxName = 253;

interface WrittenRule {
  readonly clientSelectors?: readonly unknown[];
  readonly requests: number;
}

function policy(
  name: string,
  request: PlanRequest,
  options: PlanResourcesOptions,
  key: string,
  rules: readonly WrittenRule[],
) {
  return {
    apiVersion: "gateway.envoyproxy.io/v1alpha1",
    kind: "BackendTrafficPolicy",
    metadata: { name: name.slice(0, maxName), namespace: options.namespace },
    spec: {
      targetRefs: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", name: options.route }],
      rateLimit: {
        type: "Global",
        global: {
          rules: rules.map(({ requests, ...selectors }) => ({
            ...selectors,
            limit: { requests, unit: request.unit },
            cost: {
              request: { from: "Number", number: 0 },
              response: { from: "Metadata", metadata: { namespace: "io.envoy.ai_gateway", key } },
            },
          })),
        },
      },
    },
  };
}

const eachUser = (userHeader: string, ...more: readonly object[]): readonly unknown[] => [
  { headers: [{ name: userHeader, type: "Distinct" }, ...more] },
];

function byDollars(request: PlanRequest, options: PlanResourcesOptions): readonly unknown[] {
  const micro = (nanoUsd: number): number => Math.floor(nanoUsd / nanoPerMicro);
  const share = micro(Math.floor(request.budgetNanoUsd / request.users));
  const costs = {
    apiVersion: "aigateway.envoyproxy.io/v1alpha1",
    kind: "LLMRequestCost",
    metadata: { name: `${options.route}-dollars`.slice(-maxName), namespace: options.namespace },
    spec: { llmRequestCosts: [{ metadataKey, type: "USD" }] },
  };
  return [
    costs,
    policy(`${options.route}-dollars`, request, options, metadataKey, [
      { clientSelectors: eachUser(options.userHeader), requests: share },
      { requests: micro(request.budgetNanoUsd) },
    ]),
  ];
}

/** @throws UsageError when a number of tokens says nothing of money */
function byTokens(
  request: PlanRequest,
  prices: ReadonlyMap<string, Price>,
  options: PlanResourcesOptions,
): readonly unknown[] {
  const [[model, price] = ["", undefined], ...others] = [...prices];
  if (price === undefined || others.length > 0)
    throw new UsageError(
      "with --limit-by tokens name one --model: each model's limit alone would allow the whole budget",
    );
  const share = Math.floor(request.budgetNanoUsd / request.users);
  const { total } = affordedTokens(share, price.rates, request.mix);
  if (total === undefined) throw new UsageError(`${model} costs nothing, so no number of its tokens keeps to a budget`);
  const selector = { name: "x-ai-eg-model", type: "Exact", value: model };
  const clientSelectors = eachUser(options.userHeader, selector);
  return [
    policy(`${options.route}-tokens`, request, options, "llm_total_token", [{ clientSelectors, requests: total }]),
  ];
}

/**
 * The plan as resources: limits in dollars for each user and for all together, or in tokens of one model for each user.
 * @throws UsageError
 */
export function planResources(
  request: PlanRequest,
  prices: ReadonlyMap<string, Price>,
  options: PlanResourcesOptions,
): string {
  const resources = options.limitBy === "dollars" ? byDollars(request, options) : byTokens(request, prices, options);
  const { budgetNanoUsd, users, unit, mix } = request;
  const what =
    options.limitBy === "dollars"
      ? "The numbers are micro-dollars."
      : `The number is tokens, at input/output ${mix.input}/${mix.output}; requests with more of the dearer kind cost more than planned.`;
  const comment = `# $${formatUsd(budgetNanoUsd)} per ${unit.toLowerCase()} for ${users} user${users === 1 ? "" : "s"}. ${what}\n# Charged when an answer is complete: requests under way at that moment may go over.\n`;
  return comment + resources.map((resource) => stringify(resource, { lineWidth: 0 })).join("---\n");
}
