import { messagesEndpoint } from "../../../src/endpoints/messages.ts";
import { anthropic } from "../../../src/providers/anthropic/index.ts";
import { describeGoldenCases } from "../golden.ts";

describe("golden cases: chat to Anthropic", () => describeGoldenCases(anthropic, "anthropic"));
describe("golden cases: messages to Anthropic", () => describeGoldenCases(anthropic, "anthropic", messagesEndpoint));
