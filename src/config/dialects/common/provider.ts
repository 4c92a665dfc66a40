import { z } from "zod";
import { findProvider, isUnservedProvider, type Provider, providerNames } from "../../data/providers.ts";
import { suggestion } from "../../nearest.ts";

/** A provider's name, in whatever case; its output is the table's entry. */
export const servedProvider = z.string().transform((name, context): Provider => {
  const provider = findProvider(name);
  if (provider !== undefined) return provider;
  const supported = `supported: ${providerNames.join(", ")}`;
  const message = isUnservedProvider(name)
    ? `provider ${name} is not supported yet; ${supported}`
    : `unknown provider ${JSON.stringify(name)}${suggestion(name, providerNames)}; ${supported}`;
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});
