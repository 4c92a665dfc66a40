import { z } from "zod";
import { groupVersion, type ResourceType } from "../../admin/kube/resource-type.ts";
import { adminOptionSpecs, adminUsage, notTollgate, sendToGateway } from "../admin-client.ts";
import type { CommandIo, OptionValues } from "../options.ts";

/** Options of every command that speaks to the resource API. */
export const kubeOptionSpecs = {
  ...adminOptionSpecs,
  namespace: { type: "string", short: "n" },
  help: { type: "boolean", short: "h" },
} as const;

export const kubeUsage = `  -n, --namespace NS        (default: default)
${adminUsage}`;

const object = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    annotations: z.record(z.string(), z.string()).optional(),
    resourceVersion: z.string().optional(),
  }),
});
/** A resource as the API shows it. */
export type KubeObject = z.output<typeof object>;

const status = z.looseObject({
  kind: z.literal("Status"),
  reason: z.string().optional(),
  message: z.string().optional(),
  details: z
    .looseObject({
      kind: z.string().optional(),
      name: z.string().optional(),
      causes: z.array(z.looseObject({ field: z.string(), message: z.string() })).optional(),
    })
    .optional(),
});
type Status = z.output<typeof status>;

const table = z.looseObject({
  kind: z.literal("Table"),
  columnDefinitions: z.array(z.looseObject({ name: z.string(), priority: z.number() })),
  rows: z.array(
    z.looseObject({
      cells: z.array(z.union([z.string(), z.number()])),
      object: z.looseObject({ metadata: z.looseObject({ namespace: z.string().optional() }) }),
    }),
  ),
});
export type KubeTable = z.output<typeof table>;

/** A refusal of the API, in kubectl's words. */
export class RefusedByServer extends Error {
  readonly reason: string;

  constructor(refusal: Status) {
    super(inKubectlsWords(refusal));
    this.name = "RefusedByServer";
    this.reason = refusal.reason ?? "";
  }
}

function inKubectlsWords({ reason = "unknown", message = "", details }: Status): string {
  const causes = details?.causes ?? [];
  if (reason !== "Invalid" || causes.length === 0) return `Error from server (${reason}): ${message}`;
  const said = causes.map(({ field, message: why }) => `${field}: ${why}`);
  const what = `The ${details?.kind ?? ""} "${details?.name ?? ""}" is invalid:`;
  return said.length === 1 ? `${what} ${said.join("")}` : `${what}\n${said.map((line) => `* ${line}`).join("\n")}`;
}

/** Where an object is, or (without `name`) the list of a namespace, or (without `namespace`) of all of them. */
export interface Place {
  readonly type: ResourceType;
  readonly version?: string;
  readonly namespace?: string | undefined;
  readonly name?: string;
}

function pathOf({ type, version = type.versions[0] ?? "", namespace, name }: Place): string {
  const root = `/${type.group === "" ? "api" : "apis"}/${groupVersion(type.group, version)}`;
  const within = type.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${within}/${type.plural}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
}

/** A write that nothing is to be kept of says so in its query. */
export interface WriteOptions {
  readonly dryRun: boolean;
}

/** The resource API of a running gateway. Every method throws RefusedByServer, UsageError, or Error that says what to do. */
export class KubeClient {
  readonly #values: OptionValues;
  readonly #io: CommandIo;

  constructor(values: OptionValues, io: CommandIo) {
    this.#values = values;
    this.#io = io;
  }

  /** Undefined = it is not there. */
  async find(place: Place): Promise<KubeObject | undefined> {
    try {
      return await this.get(place);
    } catch (error) {
      if (error instanceof RefusedByServer && error.reason === "NotFound") return undefined;
      throw error;
    }
  }

  async get(place: Place): Promise<KubeObject> {
    return await this.#ask("GET", place, object, {});
  }

  async list(place: Place): Promise<readonly KubeObject[]> {
    const { items } = await this.#ask("GET", place, z.looseObject({ items: z.array(object) }), {});
    return items;
  }

  /** What `get` prints. */
  async table(place: Place): Promise<KubeTable> {
    return await this.#ask("GET", place, table, { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" });
  }

  async create(place: Place, body: unknown, options: WriteOptions): Promise<KubeObject> {
    return await this.#ask("POST", place, object, { body, ...options });
  }

  /** `patch` is merged into the object. */
  async merge(place: Place, patch: unknown, options: WriteOptions): Promise<KubeObject> {
    return await this.#ask("PATCH", place, object, { body: patch, type: "application/merge-patch+json", ...options });
  }

  async remove(place: Place, options: WriteOptions): Promise<void> {
    await this.#ask("DELETE", place, z.unknown(), options);
  }

  async #ask<Value>(
    method: string,
    place: Place,
    schema: z.ZodType<Value>,
    request: { readonly body?: unknown; readonly type?: string; readonly accept?: string; readonly dryRun?: boolean },
  ): Promise<Value> {
    const query = new URLSearchParams({
      ...(method === "POST" || method === "PATCH" ? { fieldManager: "tollgate", fieldValidation: "Strict" } : {}),
      ...(request.dryRun === true ? { dryRun: "All" } : {}),
    });
    const path = `${pathOf(place)}${query.size === 0 ? "" : `?${query}`}`;
    const headers = {
      accept: request.accept ?? "application/json",
      ...(request.body === undefined ? {} : { "content-type": request.type ?? "application/json" }),
    };
    const body = request.body === undefined ? {} : { body: JSON.stringify(request.body) };
    const response = await sendToGateway({ method, path, headers, ...body }, this.#values, this.#io.env);
    for (const text of warningsIn(response.headers)) this.#io.stderr.write(`Warning: ${text}\n`);
    if (response.status < 300) {
      const parsed = schema.safeParse(response.json);
      if (parsed.success) return parsed.data;
    }
    const refusal = status.safeParse(response.json);
    if (refusal.success && response.status >= 300) throw new RefusedByServer(refusal.data);
    throw notTollgate(response, path);
  }
}

/** `299 - "text"`, many of them in one line. */
function warningsIn(headers: Headers): readonly string[] {
  const found = (headers.get("warning") ?? "").matchAll(/299 - "((?:[^"\\]|\\.)*)"/g);
  return [...found].map(([, text = ""]) => text.replace(/\\(.)/g, "$1"));
}
