import { Changes, type ChangeTools } from "./changes.ts";
import { discover } from "./discovery.ts";
import { openApi, openApiV2 } from "./openapi.ts";
import { parsePath } from "./parse-path.ts";
import { read } from "./read.ts";
import { remove } from "./remove.ts";
import { answerJson, type KubeAnswer, type KubeRequest } from "./request.ts";
import { KubeError, methodNotAllowed, noSuchPath } from "./status.ts";
import { create, patch, replace } from "./write.ts";

export interface ResourceApiOptions extends ChangeTools {
  readonly makeUid: () => string;
}

/** The paths that the resource API answers. */
export function isKubePath(path: string): boolean {
  return /^\/(?:api|apis|openapi|version)(?:\/|$)/.test(path);
}

/** What kubectl talks to (docs/kubectl.md): a resource API for the kinds that the gateway reads. It is no cluster. */
export class ResourceApi {
  readonly #options: ResourceApiOptions;
  readonly #changes: Changes;

  constructor(options: ResourceApiOptions) {
    this.#options = options;
    this.#changes = new Changes(options);
  }

  /** Brings every object's status up to date: at start, and when files have changed. */
  async refresh(): Promise<void> {
    await this.#options.store.exclusively(() => this.#changes.refresh());
  }

  /** Never rejects for what a client did: that becomes a Status. */
  async answer(request: KubeRequest): Promise<KubeAnswer> {
    try {
      return await this.#answer(request);
    } catch (error) {
      if (error instanceof KubeError) return answerJson(error.code, error.toStatus());
      throw error;
    }
  }

  async #answer(request: KubeRequest): Promise<KubeAnswer> {
    const { method, path } = request;
    const isRead = method === "GET" || method === "HEAD";
    if (isRead && path === "/openapi/v2") return { status: 200, ...openApiV2 };
    const described = isRead ? (discover(path) ?? openApi(path)) : undefined;
    if (described !== undefined) return answerJson(200, described);
    const target = parsePath(path);
    if (target === undefined) throw noSuchPath();
    const tools = { ...this.#options, changes: this.#changes };
    if (isRead) return read(request, target, tools);
    if (target.isStatus) throw methodNotAllowed();
    if (method === "POST") return await create(request, target, tools);
    if (method === "PUT") return await replace(request, target, tools);
    if (method === "PATCH") return await patch(request, target, tools);
    if (method === "DELETE") return await remove(request, target, tools);
    throw methodNotAllowed();
  }
}
