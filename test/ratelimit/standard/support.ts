import { readStandardLimits } from "../../../src/config/standard/read-standard-limits.ts";
import type { StandardNode } from "../../../src/ratelimit/standard/tree.ts";

/** The tree of a file; throws when it is not valid. */
export function treeOf(domain: string, yaml: string): StandardNode {
  const { limits, diagnostics } = readStandardLimits([{ path: "x.yaml", text: yaml, expandEnv: false }]);
  const root = limits?.get(domain);
  if (root === undefined) throw new Error(JSON.stringify(diagnostics));
  return root;
}
