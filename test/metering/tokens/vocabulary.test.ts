import { expect } from "chai";
import { vocabularyOf, vocabularyOfModel } from "../../../src/metering/tokens/vocabulary.ts";

describe("vocabularyOf", () => {
  const models = {
    o200k: [
      "gpt-4o",
      "gpt-4o-mini-2024-07-18",
      "chatgpt-4o-latest",
      "gpt-4.1-nano",
      "gpt-4.5-preview",
      "gpt-5",
      "gpt-5-mini",
    ],
    cl100k: ["gpt-4", "gpt-4-0613", "gpt-4-32k", "gpt-4-turbo", "gpt-3.5-turbo", "gpt-35-turbo-16k"],
  };
  const more = ["o1", "o1-mini", "o3-pro", "o4-mini", "gpt-5.2", "ft:gpt-4o-mini-2024-07-18:org::id"];
  for (const model of [...models.o200k, ...more]) {
    it(`${model} is o200k`, () => expect(vocabularyOf("openai", model)).to.equal("o200k"));
  }
  for (const model of [...models.cl100k, "ft:gpt-3.5-turbo-0125:org::id"]) {
    it(`${model} is cl100k`, () => expect(vocabularyOf("azureopenai", model)).to.equal("cl100k"));
  }
  for (const model of [
    "gpt-6",
    "gpt-40",
    "gpt-4x",
    "o2",
    "o10",
    "o1x",
    "claude-sonnet-4-5",
    "my-gpt-4o",
    "",
    "gpt-50",
  ]) {
    it(`${JSON.stringify(model)} is not known`, () => expect(vocabularyOfModel(model)).to.equal(undefined));
  }
  it("a name means nothing at other providers (L31)", () => {
    expect(vocabularyOf("groq", "gpt-4o")).to.equal(undefined);
    expect(vocabularyOf("openrouter", "gpt-4o")).to.equal(undefined);
  });
});
