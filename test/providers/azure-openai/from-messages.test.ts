import { messagesEndpoint } from "../../../src/endpoints/messages.ts";
import { azureOpenai } from "../../../src/providers/azure-openai/index.ts";
import { describeGoldenCases } from "../golden.ts";

describe("golden cases: messages to Azure", () => describeGoldenCases(azureOpenai, "azure-openai", messagesEndpoint));
