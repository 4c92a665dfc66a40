import type { Provider } from "../../core/provider.ts";
import { chatToAnthropic } from "./from-chat.ts";
import { messagesToAnthropic } from "./from-messages.ts";

/** Anthropic's Messages API and its compatibles. */
export const anthropic: Provider = {
  schema: "Anthropic",
  translators: { chat: chatToAnthropic, messages: messagesToAnthropic },
};
