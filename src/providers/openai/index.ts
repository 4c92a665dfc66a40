import type { Provider } from "../../core/provider.ts";
import { fromChat } from "./from-chat.ts";
import { messagesToOpenai } from "./from-messages.ts";

/** OpenAI and servers that speak its API. */
export const openai: Provider = { schema: "OpenAI", translators: { chat: fromChat, messages: messagesToOpenai } };
