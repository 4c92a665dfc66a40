import type { CostRule, Pairs, Settings } from "../../core/runtime-config.ts";
import type { TollgateSettings } from "../dialects/tollgate/tollgate-config.ts";
import type { Report } from "../report.ts";
import type { ResourceSet } from "../resource.ts";

/** What a cost rule is made from (limits.md L3). */
export interface CostSpec {
  readonly metadataKey: string;
  readonly type: string;
  readonly cel?: string | undefined;
}

export type CompileCost = (spec: CostSpec) => CostRule | { readonly error: string };

/** What every part of the compiler works with. */
export interface CompileContext {
  readonly resources: ResourceSet;
  readonly report: Report;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly settings: Settings;
  /** The TollgateConfig's spec; empty when there is none. */
  readonly configured: TollgateSettings;
  readonly pairs: Pairs;
  readonly compileCost: CompileCost;
}
