import type { Provider } from "../../core/provider.ts";
import { chatToAzure } from "./from-chat.ts";

/** OpenAI's models as deployments at Azure. */
export const azureOpenai: Provider = { schema: "AzureOpenAI", translators: { chat: chatToAzure } };
