import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ResourceApi } from "../admin/kube/resource-api.ts";
import type { LoadedFile } from "../config/load.ts";
import type { RuntimeConfig } from "../core/runtime-config.ts";
import { type ObjectText, ResourceStore } from "../resources/resource-store.ts";
import { DiskFiles } from "../resources/stores/disk-files.ts";
import { checkFiles } from "./configuration.ts";
import type { CommandIo } from "./options.ts";

/** In the state directory: what was applied with kubectl or `tollgate apply`. */
const resourcesFolder = "resources";

/** Reads what was applied to this gateway before. @throws Error that says what to do when it cannot be read */
export function openResources(stateDir: string): ResourceStore {
  const directory = join(stateDir, resourcesFolder);
  try {
    return new ResourceStore(new DiskFiles(directory));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    const what = existsSync(directory) ? `${directory} cannot be read` : `the folder ${stateDir} cannot be written`;
    throw new Error(`${what} (${code}); choose another folder with --state-dir`, { cause });
  }
}

/** Objects as files of the configuration. */
export function asFiles(texts: readonly ObjectText[]): readonly LoadedFile[] {
  return texts.map((object) => ({ ...object, expandEnv: false }));
}

export interface ResourceApiInput {
  readonly store: ResourceStore;
  /** Files whose resources count too, as they read now. */
  readonly files: () => readonly LoadedFile[];
  readonly env: CommandIo["env"];
  /** Where mock providers are now. */
  readonly mocks: () => ReadonlyMap<string, { readonly host: string; readonly port: number }>;
  /** What requests are served with now. */
  readonly running: () => RuntimeConfig;
  /** Puts what is applied into force, if it can be; resolves when that is done or refused. */
  readonly changeOver: () => Promise<void>;
}

/** The resource API of a gateway. */
export function makeResourceApi({ store, files, env, mocks, running, changeOver }: ResourceApiInput): ResourceApi {
  const check = (texts: readonly ObjectText[]) => checkFiles([...files(), ...asFiles(texts)], env, mocks());
  return new ResourceApi({
    store,
    check: (texts) => check(texts).diagnostics,
    applied: async () => {
      await changeOver();
      return check(store.texts()).config?.version === running().version
        ? undefined
        : "is not in force: the gateway's log and its standard error say why";
    },
    nowMs: Date.now,
    makeUid: randomUUID,
  });
}
