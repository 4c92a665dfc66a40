import type { Backend } from "../../core/runtime-config.ts";
import { fallbackModels, foreignModels, isVendor } from "../data/vendor-models.ts";
import type { CompileContext } from "./context.ts";

/**
 * What a vendor is sent when it is asked for another vendor's model (resources.md §2): TollgateConfig's word, else the table's.
 * Undefined for providers that host other people's models.
 */
export function vendorFallback(context: CompileContext, provider: string | undefined): Backend["fallback"] {
  if (provider === undefined || !isVendor(provider)) return undefined;
  const model = context.configured.defaults?.fallbackModels?.[provider] ?? fallbackModels[provider];
  return { foreignModels: foreignModels(provider), model };
}
