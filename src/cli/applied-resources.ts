import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { ResourceApi } from "../admin/kube/resource-api.ts";
import type { RuntimeConfig } from "../core/runtime-config.ts";
import { ResourceStore } from "../resources/resource-store.ts";
import { DiskFiles } from "../resources/stores/disk-files.ts";
import { readConfiguration } from "./configuration.ts";
import type { CommandIo } from "./options.ts";

/** In the state directory: what was applied with kubectl or `tollgate apply`. */
const resourcesFolder = "resources";

/** Reads what was applied to this gateway before. @throws Error when it cannot be read */
export function openResources(stateDir: string): ResourceStore {
  return new ResourceStore(new DiskFiles(join(stateDir, resourcesFolder)));
}

export interface ResourceApiInput {
  readonly store: ResourceStore;
  /** Files whose resources count too. */
  readonly paths: readonly string[];
  readonly env: CommandIo["env"];
  readonly mocks: ReadonlyMap<string, { readonly host: string; readonly port: number }>;
  /** What requests are served with now. */
  readonly running: () => RuntimeConfig;
}

/** The resource API of a gateway that takes a changed configuration when it is started. */
export function makeResourceApi({ store, paths, env, mocks, running }: ResourceApiInput): ResourceApi {
  const read = (texts = store.texts()) => readConfiguration(paths, env, mocks, texts);
  return new ResourceApi({
    store,
    check: (texts) => read(texts).diagnostics,
    applied: async () =>
      read().config?.version === running().version
        ? undefined
        : "takes effect when the gateway is started the next time",
    nowMs: Date.now,
    makeUid: randomUUID,
  });
}
