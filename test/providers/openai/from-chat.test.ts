import { openai } from "../../../src/providers/openai/index.ts";
import { describeGoldenCases } from "../golden.ts";

describe("chat → OpenAI", () => {
  describeGoldenCases(openai, "openai");
});
