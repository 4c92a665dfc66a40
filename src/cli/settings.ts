import { Secret } from "../core/auth.ts";
import { parseStoreUrl, storeUrlForms } from "../lib/store-url.ts";
import type { LoadedConfiguration } from "./configuration.ts";
import { type CommandIo, type OptionValues, textOption, UsageError } from "./options.ts";
import { defaultTransport, readTransport, type Transport } from "./transport.ts";

/** A setting and where it comes from: a flag, an environment variable, a place in a resource, or `default`. */
export interface Setting<Value = unknown> {
  readonly value: Value;
  readonly from: string;
}

/** The settings that flags and `TOLLGATE_*` variables override, in that order of strength (resources.md §5). */
export interface UpSettings {
  readonly port: Setting<number>;
  readonly adminPort: Setting<number>;
  /** Undefined = nobody named one: it is made at start. */
  readonly adminToken: Setting<Secret | undefined>;
  readonly storeUrl: Setting<string>;
  readonly logLevel: Setting<string>;
  readonly stateDir: Setting<string>;
  readonly transport: Setting<Transport>;
}

const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

function logLevel(text: string, name: string): string {
  if (!logLevels.includes(text)) throw new UsageError(`${name} must be one of ${logLevels.join(", ")}, not ${text}`);
  return text;
}

/** Never says what was written: it may hold a password. */
function storeUrl(text: string, name: string): string {
  if (parseStoreUrl(text) !== undefined) return text;
  throw new UsageError(`${name} must be ${storeUrlForms}`);
}

/** Never says what was written. @throws UsageError when it cannot be sent in a header */
export function adminToken(text: string, name: string): Secret {
  if (/^[\x21-\x7e]+$/.test(text)) return new Secret(text);
  throw new UsageError(`${name} must be printable ASCII without spaces`);
}

function port(text: string, name: string): number {
  if (/^\d+$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new UsageError(`${name} must be a port number, not ${text}`);
}

/** Known before resources are read: some of them are in it. */
export function stateDirSetting(values: OptionValues, env: CommandIo["env"]): Setting<string> {
  const written = textOption(values["state-dir"]);
  if (written !== undefined) return { value: written, from: "--state-dir" };
  const variable = "TOLLGATE_STATE_DIR";
  const inherited = env[variable];
  if (inherited !== undefined && inherited !== "") return { value: inherited, from: variable };
  return { value: ".tollgate", from: "default" };
}

/** @throws UsageError when a flag or a variable holds something that cannot be used */
export function upSettings(values: OptionValues, env: CommandIo["env"], loaded: LoadedConfiguration): UpSettings {
  const { listener, admin, store, log } = loaded.config.settings;
  function choose<Value>(
    flag: string,
    variable: string,
    read: (text: string, name: string) => Value,
    configured: Value,
    path?: readonly string[],
  ): Setting<Value> {
    const written = textOption(values[flag]);
    if (written !== undefined) return { value: read(written, `--${flag}`), from: `--${flag}` };
    const inherited = env[variable];
    if (inherited !== undefined && inherited !== "") return { value: read(inherited, variable), from: variable };
    return { value: configured, from: (path && loaded.whereSet(path)) ?? "default" };
  }
  const chosen = {
    port: choose("port", "TOLLGATE_PORT", port, listener.port, ["listener", "port"]),
    adminPort: choose("admin-port", "TOLLGATE_ADMIN_PORT", port, admin.port, ["admin", "port"]),
    adminToken: choose<Secret | undefined>("admin-token", "TOLLGATE_ADMIN_TOKEN", adminToken, admin.token, [
      "admin",
      "tokenSecretRef",
    ]),
    storeUrl: choose("store", "TOLLGATE_STORE", storeUrl, store.url, ["store", "url"]),
    logLevel: choose("log-level", "TOLLGATE_LOG_LEVEL", logLevel, log.level, ["log", "level"]),
    stateDir: stateDirSetting(values, env),
    transport: choose("transport", "TOLLGATE_TRANSPORT", readTransport, defaultTransport),
  };
  if (chosen.port.value !== 0 && chosen.port.value === chosen.adminPort.value && listener.address === admin.address) {
    throw new UsageError(
      `port ${chosen.port.value} cannot be both clients' (${chosen.port.from}) and the admin interface's (${chosen.adminPort.from}); choose two`,
    );
  }
  return chosen;
}
