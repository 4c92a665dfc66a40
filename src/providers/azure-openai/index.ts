import type { Provider } from "../../core/provider.ts";
import { chatToAzure } from "./from-chat.ts";
import { messagesToAzure } from "./from-messages.ts";

/** OpenAI's models as deployments at Azure. */
export const azureOpenai: Provider = {
  schema: "AzureOpenAI",
  translators: { chat: chatToAzure, messages: messagesToAzure },
};
