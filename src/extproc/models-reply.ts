import type { ListedModel, ModelsPage } from "../core/endpoint.ts";
import type { RuntimeConfig, Settings } from "../core/runtime-config.ts";
import { GatewayError } from "../lib/errors.ts";
import { listModels } from "../planning/list-models.ts";
import type { RequestView } from "../planning/request-view.ts";
import type { ImmediateResponse } from "./messages.ts";
import { headerMutation, immediateReply } from "./wire.ts";

/** The list of models at this path. Where two share a path, a header that only Anthropic's clients send chooses (translation.md §1.1). */
function findPage(
  pages: readonly ModelsPage[],
  settings: Settings,
  { path, headers }: RequestView,
): { readonly page: ModelsPage; readonly id: string | undefined } | undefined {
  const here = pages.flatMap((page) => {
    const root = settings.endpointPrefixes[page.prefix] + page.path;
    if (path === root) return { page, id: undefined };
    return path.startsWith(`${root}/`) ? { page, id: decoded(path.slice(root.length + 1)) } : [];
  });
  const wanted = headers.has("anthropic-version") ? "anthropic" : "openai";
  return here.find(({ page }) => page.prefix === wanted) ?? here[0];
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // no model has such a name
  }
}

/** @throws GatewayError `unknown_model` */
function findModel(models: readonly ListedModel[], id: string): ListedModel {
  const model = models.find((candidate) => candidate.id === id);
  if (model === undefined) throw new GatewayError("unknown_model", `there is no model ${JSON.stringify(id)} here`);
  return model;
}

/** The answer to a request for the list of models, or for one of them; undefined = the request asks for something else. */
export function modelsReply(
  pages: readonly ModelsPage[],
  config: RuntimeConfig,
  view: RequestView,
): ImmediateResponse | undefined {
  const found = findPage(pages, config.settings, view);
  if (found === undefined) return undefined;
  const { page, id } = found;
  try {
    if (view.method !== "GET") {
      const headers = { allow: "GET" };
      throw new GatewayError("method_not_allowed", `${view.method} is not allowed here; use GET`, { headers });
    }
    const models = listModels(config, view);
    const body = id === undefined ? page.list(models) : page.one(findModel(models, id));
    return {
      status: { code: 200 },
      headers: headerMutation({ set: { "content-type": "application/json" }, remove: [] }),
      body,
      details: "tollgate_models",
    };
  } catch (thrown) {
    const error = GatewayError.from(thrown);
    return immediateReply(error, page.errorBody(error), {});
  }
}
