import { isDeepStrictEqual } from "node:util";
import { Secret } from "../core/auth.ts";
import type { RuntimeConfig, Settings } from "../core/runtime-config.ts";

/** Settings that something which runs was started with. */
const held: Readonly<Record<string, (settings: Settings) => unknown>> = {
  "listener.address": ({ listener }) => listener.address,
  "listener.port": ({ listener }) => listener.port,
  "listener.bufferLimit": ({ listener }) => listener.bufferLimitBytes,
  "admin.address": ({ admin }) => admin.address,
  "admin.port": ({ admin }) => admin.port,
  "admin.tokenSecretRef": ({ admin }) => (admin.token instanceof Secret ? admin.token.reveal() : undefined),
  "envoy.concurrency": ({ envoy }) => envoy.concurrency,
  "envoy.adminPort": ({ envoy }) => envoy.adminPort,
  "envoy.extraArgs": ({ envoy }) => envoy.extraArgs,
  "store.url": ({ store }) => store.url,
  "store.timeoutMs": ({ store }) => store.timeoutMs,
  "log.level": ({ log }) => log.level,
  "log.format": ({ log }) => log.format,
};

/** `config` with the settings that stay as they were at the start, and the names of those that are written otherwise. */
export function holdSettings(
  config: RuntimeConfig,
  started: Settings,
): { readonly config: RuntimeConfig; readonly waiting: readonly string[] } {
  const { settings } = config;
  const waiting = Object.entries(held)
    .filter(([, read]) => !isDeepStrictEqual(read(settings), read(started)))
    .map(([name]) => name);
  const { address, port, bufferLimitBytes } = started.listener;
  return {
    waiting,
    config: {
      ...config,
      settings: {
        ...settings,
        listener: { ...settings.listener, address, port, bufferLimitBytes },
        admin: started.admin,
        envoy: started.envoy,
        store: { ...started.store, failureMode: settings.store.failureMode },
        log: started.log,
      },
    },
  };
}
