import type { ListedModel, ModelsPage } from "../core/endpoint.ts";
import { utf8Bytes } from "../lib/bytes.ts";
import { anthropicErrorBody } from "./dialects/anthropic.ts";
import { openaiErrorBody } from "./dialects/openai.ts";

const millisecondsPerSecond = 1_000;

function openaiModel({ id, ownedBy, createdMs }: ListedModel): object {
  return { id, object: "model", created: Math.floor(createdMs / millisecondsPerSecond), owned_by: ownedBy };
}

function anthropicModel({ id, createdMs }: ListedModel): object {
  return { type: "model", id, display_name: id, created_at: new Date(createdMs).toISOString().replace(".000Z", "Z") };
}

/** OpenAI's list of models (translation.md §7). */
export const openaiModels: ModelsPage = {
  prefix: "openai",
  path: "/v1/models",
  list: (models) => json({ object: "list", data: models.map(openaiModel) }),
  one: (model) => json(openaiModel(model)),
  errorBody: openaiErrorBody,
};

/** Anthropic's list of models, all on its first page. */
export const anthropicModels: ModelsPage = {
  prefix: "anthropic",
  path: "/v1/models",
  list: (models) =>
    json({
      data: models.map(anthropicModel),
      has_more: false,
      first_id: models[0]?.id ?? null,
      last_id: models.at(-1)?.id ?? null,
    }),
  one: (model) => json(anthropicModel(model)),
  errorBody: anthropicErrorBody,
};

function json(value: object): Uint8Array {
  return utf8Bytes(JSON.stringify(value));
}
