import type { LoadedConfiguration } from "./configuration.ts";
import type { Setting, UpSettings } from "./settings.ts";
import { storeName } from "./store-name.ts";

function text(value: unknown): string {
  if (value === undefined) return "-";
  return typeof value === "string" && value !== "" ? value : JSON.stringify(value);
}

/** The settings in force as a table: name as in a TollgateConfig, value, and where it comes from (resources.md §5). */
export function printConfig(loaded: LoadedConfiguration, chosen: UpSettings): string {
  const { settings } = loaded.config;
  const { listener, admin, envoy, endpointPrefixes, identity, defaults, store, log } = settings;
  const configured = (path: string, value: unknown): [string, Setting] => [
    path,
    { value, from: loaded.whereSet(path.split(".")) ?? "default" },
  ];
  const rows: readonly [string, Setting][] = [
    configured("listener.address", listener.address),
    ["listener.port", chosen.port],
    configured("listener.xffTrustedHops", listener.xffTrustedHops),
    configured("listener.bufferLimit", listener.bufferLimitBytes),
    configured("listener.requestReadTimeout", `${listener.requestReadTimeoutMs}ms`),
    configured("admin.address", admin.address),
    ["admin.port", chosen.adminPort],
    ["admin.tokenSecretRef", { ...chosen.adminToken, value: chosen.adminToken.value && "(set)" }],
    configured("envoy.concurrency", envoy.concurrency),
    configured("envoy.adminPort", envoy.adminPort),
    configured("envoy.extraArgs", envoy.extraArgs),
    configured("modelSelection", settings.modelSelection),
    configured("endpoints.openaiPrefix", endpointPrefixes.openai),
    configured("endpoints.anthropicPrefix", endpointPrefixes.anthropic),
    configured("endpoints.coherePrefix", endpointPrefixes.cohere),
    configured("identity.trustedHeaders", identity.trustedHeaders),
    configured("identity.requireIdentity", identity.requireIdentity),
    configured("responseHeaders", settings.responseHeaders),
    configured("defaults.model", defaults.model),
    configured("defaults.requestTimeout", `${defaults.requestTimeoutMs}ms`),
    configured("defaults.streamIdleTimeout", `${defaults.streamIdleTimeoutMs}ms`),
    ["store.url", { ...chosen.storeUrl, value: storeName(chosen.storeUrl.value) }],
    configured("store.timeoutMs", store.timeoutMs),
    configured("store.failureMode", store.failureMode),
    ["log.level", chosen.logLevel],
    configured("log.format", log.format),
    ["(state directory)", chosen.stateDir],
    ["(transport)", chosen.transport],
  ];
  const cells = rows.map(([name, { value, from }]) => [name, text(value), from] as const);
  const width = (column: 0 | 1): number => Math.max(...cells.map((row) => row[column].length));
  const [nameWidth, valueWidth] = [width(0), width(1)];
  return cells
    .map(([name, value, from]) => `${name.padEnd(nameWidth)}  ${value.padEnd(valueWidth)}  ${from}\n`)
    .join("");
}
