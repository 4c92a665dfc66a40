import type { ServiceTier } from "../../core/usage.ts";

const tiers: readonly ServiceTier[] = ["flex", "priority", "batch"];

/** Names of what is paid at the ordinary rates; with OpenAI's `scale` and Bedrock's `reserved` capacity was paid beforehand. */
const ordinary: ReadonlySet<unknown> = new Set(["default", "standard", "auto", "scale", "on_demand", "reserved"]);

/**
 * The tier that a provider says served; undefined = its ordinary one, or none was told. A name that is not known here is taken for
 * the ordinary one and named to `note`.
 */
export function readServiceTier(told: unknown, note: (name: string) => void): ServiceTier | undefined {
  if (told === undefined || told === null || ordinary.has(told)) return undefined;
  const tier = tiers.find((known) => known === told);
  if (tier === undefined) note("unknown_service_tier");
  return tier;
}
