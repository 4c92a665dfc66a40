import { messagesEndpoint } from "../../../src/endpoints/messages.ts";
import { openai } from "../../../src/providers/openai/index.ts";
import { describeGoldenCases } from "../golden.ts";

describe("golden cases: messages to OpenAI", () => describeGoldenCases(openai, "openai", messagesEndpoint));
