import { type Configured, type ConfigureInput, configure } from "../../src/config/configure.ts";
import { renderDiagnostic, type Severity } from "../../src/config/diagnostics.ts";
import type { SchemaName } from "../../src/core/provider.ts";
import type { Backend, Pairs, RuntimeConfig } from "../../src/core/runtime-config.ts";
import { compileCostRule } from "../../src/metering/cost-rules.ts";
import { makePriceBook } from "../../src/metering/price-book.ts";

export const pairs: Pairs = new Map(
  (["OpenAI", "AzureOpenAI", "Anthropic", "AWSBedrock"] as const).map((schema: SchemaName) => [
    schema,
    new Set(["chat"] as const),
  ]),
);

export type Options = Partial<Omit<ConfigureInput, "files">>;

/** Compiles the text of one file, called `test.yaml`. */
export function configureText(text: string, options: Options = {}): Configured {
  const files = [{ path: "test.yaml", text, expandEnv: true }];
  return configure({ files, env: {}, strict: false, pairs, compileCost: compileCostRule, makePriceBook, ...options });
}

/** `severity line:column path: message` of what is as severe as named, without the file. */
export function messages(configured: Configured, severity?: Severity): readonly string[] {
  return configured.diagnostics
    .filter((diagnostic) => severity === undefined || diagnostic.severity === severity)
    .map((diagnostic) => renderDiagnostic(diagnostic).replace(/^test\.yaml:/, ""));
}

/** The configuration, which must have no errors. */
export function configOf(text: string, options: Options = {}): RuntimeConfig {
  const configured = configureText(text, options);
  if (configured.config === undefined) throw new Error(messages(configured).join("\n"));
  return configured.config;
}

export function backendOf(config: RuntimeConfig, id: string): Backend {
  const backend = config.backends.get(id);
  if (backend === undefined) throw new Error(`there is no backend ${id}`);
  return backend;
}

/** A document of the Envoy AI Gateway's group; `spec` is YAML flow text. */
export function aiResource(kind: string, name: string, spec: string): string {
  return document("aigateway.envoyproxy.io/v1alpha1", kind, name, spec);
}

/** `name` is `<namespace>/<name>` or only a name. */
export function document(apiVersion: string, kind: string, name: string, spec: string, annotations = "{}"): string {
  const [last = "", namespace = "default"] = name.split("/").reverse();
  return `---\napiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${last}, namespace: ${namespace}, annotations: ${annotations}}\nspec: ${spec}\n`;
}

/** A BackendTrafficPolicy. */
export function policy(name: string, spec: string, annotations?: string): string {
  return document("gateway.envoyproxy.io/v1alpha1", "BackendTrafficPolicy", name, spec, annotations);
}

/** A Secret with plain values, as a YAML flow map. */
export function secret(name: string, values: string): string {
  const [last = "", namespace = "default"] = name.split("/").reverse();
  return `---\napiVersion: v1\nkind: Secret\nmetadata: {name: ${last}, namespace: ${namespace}}\nstringData: ${values}\n`;
}
