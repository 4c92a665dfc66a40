import type { MockSpec } from "../config/configure.ts";
import type { SchemaName } from "../core/provider.ts";
import { claimPort } from "./ports.ts";

/** One `tollgate mocks` process: its arguments, environment and what it serves. */
export interface MockProcess {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly backends: readonly { readonly id: string; readonly port: number }[];
}

const flags: Readonly<Record<SchemaName, { readonly port: string; readonly key: string | undefined }>> = {
  OpenAI: { port: "--openai", key: "MOCK_OPENAI_KEY" },
  AzureOpenAI: { port: "--azure", key: "MOCK_AZURE_KEY" },
  Anthropic: { port: "--anthropic", key: "MOCK_ANTHROPIC_KEY" },
  AWSBedrock: { port: "--bedrock", key: undefined },
};

/** One process serves each provider once: mocks of the same provider go into further processes. */
function groups(specs: readonly MockSpec[]): MockSpec[][] {
  const made: MockSpec[][] = [];
  for (const spec of specs) {
    const group = made.find((candidate) => !candidate.some(({ provider }) => provider === spec.provider));
    if (group === undefined) made.push([spec]);
    else group.push(spec);
  }
  return made;
}

/** The processes that serve the MockBackends which nobody else runs, with ports chosen. */
export async function planMocks(specs: readonly MockSpec[]): Promise<readonly MockProcess[]> {
  const own = specs.filter(({ address }) => address === undefined);
  return await Promise.all(
    groups(own).map(async (group) => {
      const args: string[] = [];
      const env: Record<string, string> = {};
      const backends: { id: string; port: number }[] = [];
      for (const spec of group) {
        const flag = flags[spec.provider];
        const port = await claimPort("127.0.0.1", spec.port, `spec.port of MockBackend ${spec.id}`);
        args.push(flag.port, String(port));
        if (flag.key !== undefined && spec.apiKey !== undefined) env[flag.key] = spec.apiKey;
        backends.push({ id: spec.id, port });
      }
      return { args, env, backends };
    }),
  );
}
