import type { Endpoint, ModelsPage } from "../core/endpoint.ts";
import { chatEndpoint } from "./chat.ts";
import { messagesEndpoint } from "./messages.ts";
import { anthropicModels, openaiModels } from "./models.ts";

/** Every client API that Tollgate serves. */
export const endpoints: readonly Endpoint[] = [chatEndpoint, messagesEndpoint];

/** Every list of models. */
export const modelsPages: readonly ModelsPage[] = [openaiModels, anthropicModels];
