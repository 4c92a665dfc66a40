import type { ResourceStore } from "../../resources/resource-store.ts";
import type { StoreEvent } from "../../resources/watch-window.ts";
import { wantsTable } from "./accept.ts";
import { getObject, listObjects, shown } from "./objects.ts";
import type { PathTarget } from "./parse-path.ts";
import { answerJson, type KubeAnswer, type KubeRequest } from "./request.ts";
import { groupVersion } from "./resource-type.ts";
import { parseSelectors, type Selects } from "./selectors.ts";
import { badRequest, expired, KubeError } from "./status.ts";
import { toTable } from "./table.ts";

export interface ReadTools {
  readonly store: ResourceStore;
  readonly nowMs: () => number;
}

/** One object, a list of them, or what becomes of them. @throws KubeError */
export function read(request: KubeRequest, target: PathTarget, tools: ReadTools): KubeAnswer {
  const { type, version, name } = target;
  const { store } = tools;
  if (name !== undefined) {
    const object = getObject(store, target, name);
    const sent = wantsTable(request)
      ? toTable(type, [object], object.metadata.resourceVersion, tools.nowMs())
      : shown(type, version, object);
    return answerJson(200, sent);
  }
  const selects = parseSelectors(request.query);
  const watch = request.query.get("watch");
  if (watch === "true" || watch === "1") return follow(request, target, selects, tools);
  const objects = listObjects(store, target).filter(selects);
  if (wantsTable(request)) return answerJson(200, toTable(type, objects, String(store.version), tools.nowMs()));
  return answerJson(200, {
    kind: `${type.kind}List`,
    apiVersion: groupVersion(type.group, version),
    metadata: { resourceVersion: String(store.version) },
    items: objects.map((object) => shown(type, version, object)),
  });
}

function since(query: URLSearchParams): number | undefined {
  const written = query.get("resourceVersion") ?? "";
  if (written === "" || written === "0") return undefined;
  if (/^\d+$/.test(written)) return Number(written);
  throw badRequest(`resourceVersion: ${JSON.stringify(written.slice(0, 40))} is no version`);
}

/** Newline-delimited events, those after `resourceVersion` first, or all objects when none was named. */
function follow(request: KubeRequest, target: PathTarget, selects: Selects, { store, nowMs }: ReadTools): KubeAnswer {
  const { type, version, namespace } = target;
  if (request.query.has("sendInitialEvents"))
    throw new KubeError(422, "Invalid", "sendInitialEvents: Forbidden: lists are not sent as watches here");
  const isTable = wantsTable(request);
  const start = since(request.query);
  if (start !== undefined && !store.remembers(start)) throw expired(start);
  const seconds = Number(request.query.get("timeoutSeconds") ?? "");

  const concerns = ({ key, object }: Pick<StoreEvent, "key" | "object">): boolean =>
    key.group === type.group &&
    key.kind === type.kind &&
    (namespace === undefined || namespace === key.namespace) &&
    selects(object);
  const line = (event: Pick<StoreEvent, "type" | "object">): string => {
    const { object } = event;
    const sent = isTable
      ? toTable(type, [object], object.metadata.resourceVersion, nowMs())
      : shown(type, version, object);
    return `${JSON.stringify({ type: event.type, object: sent })}\n`;
  };
  return {
    status: 200,
    type: "application/json",
    body: "",
    follow: (write, gone) =>
      new Promise((resolve) => {
        if (start === undefined)
          for (const object of listObjects(store, target).filter(selects)) write(line({ type: "ADDED", object }));
        const stop = store.follow(start ?? store.version, (event) => {
          if (concerns(event)) write(line(event));
        });
        const timer = seconds > 0 ? setTimeout(end, seconds * 1_000) : undefined;
        function end(): void {
          clearTimeout(timer);
          stop();
          resolve();
        }
        if (gone.aborted) end();
        else gone.addEventListener("abort", end, { once: true });
      }),
  };
}
