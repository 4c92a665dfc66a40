import type { RuntimeConfig } from "../core/runtime-config.ts";

export interface BannerInput {
  readonly config: RuntimeConfig;
  readonly port: number;
  readonly adminPort: number;
  readonly envoyVersion: string;
  /** Mock providers that were started, by backend. */
  readonly mocks: ReadonlyMap<string, { readonly port: number }>;
  readonly storeUrl: string;
  readonly stateDir: string;
  /** The demo's own resources are loaded: its curl commands apply. */
  readonly demo: boolean;
}

/** `redis://user:secret@host:6379` without the secret. */
function storeName(url: string): string {
  if (url.startsWith("memory")) return "in memory";
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

const body = `'{"messages": [{"role": "user", "content": "Hello"}]}'`;

function demoCommands(url: string): string {
  const curl = `curl -s -i ${url}/v1/chat/completions`;
  return `
Try:
  1. an answer
     ${curl} -H 'x-user-id: ada' -H 'x-ai-eg-model: gpt-4o' -d ${body}
  2. a fallback: OpenAI limits us, Anthropic answers (see x-ai-provider)
     ${curl} -H 'x-user-id: ada' -H 'x-ai-eg-model: gpt-4o' -H 'x-mock-fault: openai=429' -d ${body}
  3. a refused budget: this user has 100 tokens an hour, the first call takes 150, the second is refused
     for i in 1 2; do ${curl} -H 'x-user-id: demo-small-budget' -H 'x-mock-usage: 50,100' -d ${body}; echo; done
`;
}

/** What a person sees when everything runs. */
export function banner(input: BannerInput): string {
  const { config } = input;
  const url = `http://${config.settings.listener.address}:${input.port}`;
  const mocks = [...input.mocks].map(([id, { port }]) => `${id} :${port}`).join(", ");
  return `
Tollgate is running: Envoy ${input.envoyVersion} on ${url}
  models   ${config.models.join(", ") || "(none)"}
  limits   ${config.limits.size} rules, counted ${storeName(input.storeUrl)}
${mocks === "" ? "" : `  mocks    ${mocks}\n`}  admin    http://${config.settings.admin.address}:${input.adminPort} (/health, /ready, /metrics)
  logs     ${input.stateDir} (gateway.log: one line per request; access.log, envoy.log)
${input.demo ? demoCommands(url) : ""}
Ctrl-C stops everything.
`;
}
