import type { Settings } from "../../core/runtime-config.ts";

/** Settings where no TollgateConfig speaks (resources.md §5). */
export const defaultSettings: Settings = {
  listener: {
    address: "127.0.0.1",
    port: 8080,
    xffTrustedHops: 0,
    bufferLimitBytes: 50 * 1024 * 1024,
    requestReadTimeoutMs: 60_000,
  },
  admin: { address: "127.0.0.1", port: 9090, token: undefined },
  envoy: { concurrency: 1, adminPort: 0, extraArgs: [] },
  modelSelection: "BodyFirst",
  endpointPrefixes: { openai: "", anthropic: "/anthropic", cohere: "/cohere" },
  identity: { trustedHeaders: ["x-user-id", "x-team-id"], requireIdentity: false },
  responseHeaders: true,
  defaults: { model: undefined, requestTimeoutMs: 600_000, streamIdleTimeoutMs: 60_000, perTryTimeoutMs: 120_000 },
  store: { url: "memory://", timeoutMs: 50, failureMode: "local" },
  log: { level: "info", format: "json" },
};
