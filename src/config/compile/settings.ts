import type { Settings } from "../../core/runtime-config.ts";
import { defaultSettings } from "../data/default-settings.ts";
import type { Path } from "../diagnostics.ts";
import { type TollgateSettings, tollgateConfig } from "../dialects/tollgate/tollgate-config.ts";
import { aiBackend } from "../dialects/tutorial/ai-backend.ts";
import type { Report } from "../report.ts";
import type { ResourceSet } from "../resource.ts";
import { compileAdminToken } from "./admin-token.ts";
import type { CompileContext } from "./context.ts";

const unused: readonly Path[] = [["listener", "http2"], ["log", "redact"], ["tracing"]];

/** The members that are written, over the defaults. */
function over<T extends object>(defaults: T, written: { readonly [K in keyof T]?: T[K] | undefined } | undefined): T {
  const members = Object.entries(written ?? {}).filter(
    ([name, value]) => value !== undefined && Object.hasOwn(defaults, name),
  );
  return { ...defaults, ...Object.fromEntries(members) };
}

/** The settings of the TollgateConfig over the defaults; `HeaderFirst` is the default iff there is an AIBackend (resources.md §2). */
export function compileSettings(
  resources: ResourceSet,
  report: Report,
  env: CompileContext["env"],
): { readonly settings: Settings; readonly configured: TollgateSettings } {
  const [resource] = resources.all(tollgateConfig);
  const configured: TollgateSettings = resource?.body.spec ?? {};
  for (const path of unused) {
    const value = path.reduce<unknown>(
      (object, step) => (object as Record<string, unknown> | undefined)?.[step],
      configured,
    );
    if (resource !== undefined && value !== undefined) report.info(resource, ["spec", ...path], "has no effect yet");
  }
  if (resource !== undefined && configured.log?.format === "pretty")
    report.info(resource, ["spec", "log", "format"], "pretty has no effect yet; the log is JSON");
  const { listener, endpoints, defaults } = configured;
  const base = defaultSettings;
  const settings: Settings = {
    listener: over(base.listener, {
      ...listener,
      bufferLimitBytes: listener?.bufferLimit,
      requestReadTimeoutMs: listener?.requestReadTimeout,
    }),
    admin: over(base.admin, {
      ...configured.admin,
      token: resource && compileAdminToken({ resources, report, env }, resource),
    }),
    envoy: over(base.envoy, configured.envoy),
    modelSelection:
      configured.modelSelection ?? (resources.all(aiBackend).length > 0 ? "HeaderFirst" : base.modelSelection),
    endpointPrefixes: over(base.endpointPrefixes, {
      openai: endpoints?.openaiPrefix,
      anthropic: endpoints?.anthropicPrefix,
      cohere: endpoints?.coherePrefix,
    }),
    identity: over(base.identity, {
      ...configured.identity,
      trustedHeaders: configured.identity?.trustedHeaders?.map((name) => name.toLowerCase()),
    }),
    responseHeaders: configured.responseHeaders ?? base.responseHeaders,
    defaults: over(base.defaults, {
      model: defaults?.model,
      requestTimeoutMs: defaults?.requestTimeout,
      streamIdleTimeoutMs: defaults?.streamIdleTimeout,
    }),
    store: over(base.store, configured.store),
    log: over(base.log, configured.log),
  };
  return { settings, configured };
}
