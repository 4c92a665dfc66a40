import type { Secret } from "../core/auth.ts";
import type { RuntimeConfig } from "../core/runtime-config.ts";
import { adminTokenFile } from "./admin-token.ts";
import { kubeconfigFile } from "./kubeconfig-file.ts";
import { storeName } from "./store-name.ts";
import { urlOf } from "./url-of.ts";

export interface BannerInput {
  readonly config: RuntimeConfig;
  readonly port: number;
  readonly adminPort: number;
  /** The admin token of this run, to be shown; undefined = the operator named one, which is not shown. */
  readonly madeToken: Secret | undefined;
  readonly envoyVersion: string;
  /** Mock providers that were started, by backend. */
  readonly mocks: ReadonlyMap<string, { readonly port: number }>;
  readonly storeUrl: string;
  readonly stateDir: string;
  /** The demo's own resources are loaded: its curl commands apply. */
  readonly demo: boolean;
}

/** A request to paste into a shell. `-w` ends each answer with a new line. */
function curl(url: string, headers: readonly string[], times = 1): string {
  const urls = Array<string>(times).fill(`${url}/v1/chat/completions`).join(" ");
  return `     curl -si -w '\\n' ${urls} \\
       ${headers.map((header) => `-H '${header}'`).join(" ")} \\
       -d '{"messages": [{"role": "user", "content": "Hello"}]}'
`;
}

function demoCommands(url: string): string {
  return `
Try, in another terminal:

  1. An answer
${curl(url, ["x-user-id: ada", "x-ai-eg-model: gpt-4o"])}
  2. A fallback: OpenAI says 429, Anthropic answers (see x-ai-provider in the answer)
${curl(url, ["x-user-id: ada", "x-ai-eg-model: gpt-4o", "x-mock-fault: openai=429"])}
  3. A refused budget: this user has 100 tokens an hour, the first request takes 150, the second gets 429
${curl(url, ["x-user-id: demo-small-budget", "x-mock-usage: 50,100"], 2)}`;
}

function firstCommand(url: string, models: readonly string[]): string {
  const [model] = models;
  return model === undefined || /['\\]/.test(model)
    ? ""
    : `\nTry, in another terminal:\n${curl(url, [`x-ai-eg-model: ${model}`])}`;
}

function budgetsLine({ config, storeUrl, stateDir }: BannerInput): string {
  if (config.budgets.size === 0) return "";
  return `  budgets  ${config.budgets.size}, kept in ${storeUrl.startsWith("memory:") ? stateDir : storeName(storeUrl)}\n`;
}

function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function tokenLine({ madeToken, stateDir }: BannerInput): string {
  if (madeToken === undefined) return "";
  const kubeconfig = shellWord(`${stateDir}/${kubeconfigFile}`);
  return `  token    ${madeToken.reveal()} for /budgets and /receipts, until Ctrl-C (also in ${stateDir}/${adminTokenFile}; for kubectl: export KUBECONFIG=${kubeconfig})\n`;
}

/** What a person sees when everything runs. */
export function banner(input: BannerInput): string {
  const { config, stateDir } = input;
  const url = urlOf(config.settings.listener.address, input.port);
  const mocks = [...input.mocks].map(([id, { port }]) => `${id} at :${port}`).join(", ");
  const limits = `${config.limits.size} ${config.limits.size === 1 ? "rule" : "rules"}`;
  const counted = input.storeUrl.startsWith("memory:") ? "in memory" : `in ${storeName(input.storeUrl)}`;
  return `
Tollgate is running: Envoy ${input.envoyVersion} at ${url}

  models   ${config.models.join(", ") || "(none)"}
  limits   ${limits}, counted ${counted}
${budgetsLine(input)}${mocks === "" ? "" : `  mocks    ${mocks}\n`}  admin    ${urlOf(config.settings.admin.address, input.adminPort)} (/health, /ready, /metrics)
${tokenLine(input)}  log      ${stateDir}/gateway.log, a line per request (beside it: access.log, envoy.log${mocks === "" ? "" : ", mocks.log"})
${input.demo ? demoCommands(url) : firstCommand(url, config.models)}
Ctrl-C stops everything.
`;
}
