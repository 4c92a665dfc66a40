import { expect } from "chai";
import fc from "fast-check";
import gpt4Turbo from "gpt-tokenizer/model/gpt-4-turbo";
import gpt4o from "gpt-tokenizer/model/gpt-4o";
import type { ClientRequest } from "../../../src/core/endpoint.ts";
import { Headers } from "../../../src/core/headers.ts";
import { chatEndpoint } from "../../../src/endpoints/chat.ts";
import { InputTokens } from "../../../src/metering/tokens/input-bound.ts";
import type { Vocabulary } from "../../../src/metering/tokens/vocabulary.ts";
import { longText, text } from "./texts.ts";

const noHeaders = new Headers([["content-type", "application/json"]]);

function chat(body: object): ClientRequest {
  return chatEndpoint.parse(Buffer.from(JSON.stringify(body)), noHeaders);
}

function user(content: unknown, more: object = {}): ClientRequest {
  return chat({ model: "gpt-4o", messages: [{ role: "user", content }], ...more });
}

/** A clock that stands still: there is always time. */
function makeTokens(loadVocabulary?: () => Promise<Vocabulary>): InputTokens {
  return new InputTokens({
    nowMs: () => 0,
    onNextTurn: setImmediate,
    onVocabularyLost: () => {},
    ...(loadVocabulary === undefined ? {} : { loadVocabulary }),
  });
}

/** A token for each run of blanks and each run of something else. */
const words: Vocabulary = { pieces: /\s+|\S+/g, countPiece: () => 1 };

/** gpt-tokenizer refuses these in chats. */
const chatText = fc.oneof(text, longText).filter((made) => !made.includes("<|"));
const name = fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/);
const described = fc.record({ description: text }, { requiredKeys: [] });

const property: fc.Arbitrary<object> = fc.letrec((again) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc
      .tuple(described, fc.record({ enum: fc.array(text) }, { requiredKeys: [] }))
      .map((parts) => Object.assign({ type: "string" }, ...parts)),
    fc.record({
      type: fc.constantFrom("number", "integer"),
      enum: fc.array(fc.integer(), { minLength: 1, maxLength: 30 }),
    }),
    fc.record({ type: fc.constantFrom("boolean", "null") }),
    fc.record({ type: fc.constant("array"), items: again("any") }),
    fc.record({
      type: fc.constant("object"),
      properties: fc.dictionary(name, again("any"), { maxKeys: 4 }),
      required: fc.array(name, { maxLength: 3 }),
    }),
  ),
})).any as fc.Arbitrary<object>;

const functions = fc.array(
  fc.record(
    {
      name,
      description: text,
      parameters: fc.record({
        type: fc.constant("object" as const),
        properties: fc.dictionary(name, property, { maxKeys: 5 }),
      }),
    },
    { requiredKeys: ["name"] },
  ),
  { maxLength: 3 },
);

const messages = fc.array(
  fc.record(
    { role: fc.constantFrom("system", "developer", "user", "assistant", "tool"), content: chatText, name },
    { requiredKeys: ["role", "content"] },
  ),
  { minLength: 1, maxLength: 4 },
);

describe("InputTokens", () => {
  let tokens: InputTokens;
  before(async () => {
    tokens = makeTokens();
    await tokens.preload(["gpt-4o", "gpt-4", "claude"]);
  });

  for (const [model, own] of [
    ["gpt-4o", gpt4o],
    ["gpt-4-turbo", gpt4Turbo],
  ] as const) {
    it(`reserves no less than gpt-tokenizer counts for a chat of ${model}, with its vocabulary and by bytes (L31)`, async () => {
      await fc.assert(
        fc.asyncProperty(messages, functions, fc.boolean(), async (chats, offered, legacy) => {
          const tools = legacy
            ? { functions: offered }
            : { tools: offered.map((offer) => ({ type: "function", function: offer })) };
          const request = chat({ model, messages: chats, ...(offered.length > 0 ? tools : {}) });
          const counted =
            own.countChatCompletionTokens?.({ messages: chats, functions: offered as never }) ?? Number.NaN;
          const encoded = own.encodeChat(chats as never).length;
          const exact = await tokens.bound(request, "openai", model);
          const bytes = await tokens.bound(request, "groq", model);
          expect(exact.most).to.be.at.least(Math.max(counted, encoded));
          expect(bytes.most).to.be.at.least(exact.most);
          expect(exact.likely).to.be.at.most(exact.most);
          expect(bytes.likely).to.be.at.most(bytes.most);
        }),
        { numRuns: 200 },
      );
    });
  }

  it("is close to the real number for text, and far below its bytes (L31)", async () => {
    const content = "The quick brown fox jumps over the lazy dog. ".repeat(200);
    const real = gpt4o.countTokens(content) + 7;
    const { most, likely, exact } = await tokens.bound(user(content), "openai", "gpt-4o-2024-08-06");
    expect(exact).to.equal(true);
    expect(most).to.be.within(real, real + 40);
    expect(likely).to.be.closeTo(real, 5);
    const bytes = await tokens.bound(user(content), "anthropic", "claude-sonnet-4-5");
    expect(bytes.exact).to.equal(false);
    expect(bytes.most).to.be.within(Buffer.byteLength(content), Buffer.byteLength(content) + 50);
    expect(bytes.likely).to.be.closeTo(Buffer.byteLength(content) / 4, 30);
  });

  it("answers at once for short requests", async () => {
    let answered = false;
    void tokens.bound(user("hello"), "openai", "gpt-4o").then(() => {
      answered = true;
    });
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
    expect(answered).to.equal(true);
  });

  it("counts by bytes until the vocabulary is there, and loads it meanwhile", async () => {
    let arrive: (vocabulary: Vocabulary) => void = () => {};
    const late = makeTokens(() => new Promise((resolve) => (arrive = resolve)));
    const request = user("one two three four five six seven eight");
    const before = await late.bound(request, "openai", "gpt-4o");
    expect(before.exact).to.equal(false);
    arrive(words);
    await late.preload(["gpt-4o"]);
    const after = await late.bound(request, "openai", "gpt-4o");
    expect(after.exact).to.equal(true);
    expect(after.most).to.be.below(before.most);
  });

  it("counts by bytes when the vocabulary cannot be loaded", async () => {
    const lost = makeTokens(() => Promise.reject(new Error("no such module")));
    await lost.preload(["gpt-4o"]);
    expect(await lost.bound(user("hello"), "openai", "gpt-4o")).to.deep.include({ exact: false, most: 41 });
  });

  it("long text counts in turns that end in time, however its pieces are made (L31)", async () => {
    let nowMs = 0;
    const queue: (() => void)[] = [];
    // as slow as the slowest that was measured: 1.2 ms for a piece of 128 letters
    const slow: Vocabulary = {
      pieces: /\s+|\S+/g,
      countPiece: (piece) => {
        nowMs += 0.002 + (piece.length / 128) ** 2 * 1.2;
        return 1;
      },
    };
    const timed = new InputTokens({
      nowMs: () => nowMs,
      onNextTurn: (callback) => queue.push(callback),
      onVocabularyLost: () => {},
      loadVocabulary: () => Promise.resolve(slow),
    });
    await timed.preload(["gpt-4o"]);
    const content = [1, 5, 20, 60, 120, 128, 5_000].map((length) => `${"x".repeat(length)} `.repeat(300)).join("");
    const request = user(content);
    const started = nowMs;
    const all = Promise.all([1, 2, 3].map(() => timed.bound(request, "openai", "gpt-4o")));
    const turns = [nowMs - started];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const before = nowMs;
      next();
      turns.push(nowMs - before);
      await Promise.resolve();
    }
    const [bound] = await all;
    expect(bound?.exact).to.equal(false);
    expect(turns.length).to.be.above(20);
    expect(Math.max(...turns)).to.be.at.most(5);
    expect(nowMs - started).to.be.within(150, 170);
  });

  describe("attachments", () => {
    const picture = (bytes: number): string => `data:image/png;base64,${Buffer.alloc(bytes, 0xa7).toString("base64")}`;
    const image = (url: string): object => ({ type: "image_url", image_url: { url } });
    const most = async (request: ClientRequest, provider: string, model: string): Promise<number> =>
      (await tokens.bound(request, provider, model)).most;
    const none = user([{ type: "image_url", image_url: {} }]);

    for (const [model, provider, allowance] of [
      ["gpt-4o", "openai", 1_445],
      ["gpt-4o-mini", "openai", 48_169],
      ["gpt-4.1-mini", "openai", 2_489],
      ["o3", "openai", 1_275],
      ["gpt-5", "openai", 1_190],
      ["gpt-5.5", "openai", 24_600],
      ["anthropic.claude-sonnet-4-5", "awsbedrock", 5_000],
      ["llama", "groq", 16_384],
    ] as const) {
      it(`a picture for ${model} counts for ${allowance} tokens whatever its size (L31)`, async () => {
        const without = await most(none, provider, model);
        expect(await most(user([image(picture(10))]), provider, model)).to.equal(without + allowance);
        expect(await most(user([image(picture(1_000_000))]), provider, model)).to.equal(without + allowance);
        const url = "https://pictures.example/cat.png";
        expect(await most(user([image(url), image(url)]), provider, model)).to.be.at.least(without + 2 * allowance);
      });
    }

    it("names are found however they are spelled (L31)", async () => {
      const url = "https://a.example/b.png";
      const body = `{"model":"gpt-4o","messages":[{"role":"user","content":[{"\\u0069mage_url":{"u\\u0072l":"${url}"}}]}]}`;
      expect(await most(chatEndpoint.parse(Buffer.from(body), noHeaders), "openai", "gpt-4o")).to.be.above(1_445);
      const upper = chat({ Messages: [{ content: [{ Image_URL: { URL: url } }] }] });
      expect(await most(upper, "ollama", "llava")).to.be.above(16_384);
    });

    it("text behind a picture's name that is no picture counts as bytes too (L31)", async () => {
      const pdf = `data:application/pdf;base64,${"A".repeat(50_000)}`;
      expect(await most(user([image(pdf)]), "anthropic", "claude")).to.be.above(50_000 + 5_000);
    });

    it("a file counts by its base64 bytes, one that is only named for 200,000 (L31)", async () => {
      const file = {
        type: "file",
        file: { filename: "a.pdf", file_data: `data:application/pdf;base64,${"A".repeat(9_000)}` },
      };
      expect(await most(user([file]), "openai", "gpt-4o")).to.be.within(9_000, 12_000);
      const named = { type: "file", file: { file_id: "file-1" } };
      expect(await most(user([named]), "openai", "gpt-4o")).to.be.within(200_000, 200_100);
    });

    it("speech counts for a token per 16 base64 bytes (L31)", async () => {
      const speech = { type: "input_audio", input_audio: { data: "A".repeat(160_000), format: "mp3" } };
      expect(await most(user([speech]), "openai", "gpt-4o-audio-preview")).to.be.within(10_000, 10_100);
    });

    it("likely, each counts like an attachment of the running estimate", async () => {
      const { likely } = await tokens.bound(
        user([image(picture(9_000)), image(picture(9_000))]),
        "openai",
        "gpt-4o-mini",
      );
      expect(likely).to.be.within(2_000, 2_050);
      const unknown = await tokens.bound(user([image(picture(9_000)), image(picture(9_000))]), "groq", "llama");
      expect(unknown.likely).to.be.within(2_000, 2_050);
    });
  });

  it("what the model is not shown does not count", async () => {
    const plain = await tokens.bound(user("hello"), "openai", "gpt-4o");
    const more = {
      metadata: { a: "b".repeat(500) },
      user: "someone",
      temperature: 0.5,
      logit_bias: { 5: 1 },
      stream: true,
    };
    expect(await tokens.bound(user("hello", more), "openai", "gpt-4o")).to.deep.equal(plain);
    const unknown = await tokens.bound(
      user("hello", { prediction: { content: "c ".repeat(500) } }),
      "openai",
      "gpt-4o",
    );
    expect(unknown.most).to.be.above(plain.most + 500);
  });

  it("tools of other providers come with instructions of theirs (L31)", async () => {
    const tools = [{ type: "function", function: { name: "f", parameters: { type: "object" } } }];
    const without = await tokens.bound(user("hello"), "anthropic", "claude");
    const withTools = await tokens.bound(user("hello", { tools }), "anthropic", "claude");
    expect(withTools.most - without.most).to.be.above(1_000);
    const own = await tokens.bound(user("hello", { tools }), "openai", "gpt-4o");
    expect(own.most).to.be.below(200);
  });

  it("tool calls and schemas count, names of members in schemas too (L31)", async () => {
    const plain = await tokens.bound(user("hello"), "openai", "gpt-4o");
    const call = { id: "call_1", type: "function", function: { name: "f", arguments: '{"city":"Paris"}'.repeat(50) } };
    const called = chat({ messages: [{ role: "assistant", tool_calls: [call] }] });
    expect((await tokens.bound(called, "openai", "gpt-4o")).most).to.be.above(plain.most + 200);
    const schema = {
      properties: { [`${"long name ".repeat(100)}`]: { enum: Array.from({ length: 50 }, (_, n) => n) } },
    };
    const format = { response_format: { type: "json_schema", json_schema: { name: "s", schema } } };
    expect((await tokens.bound(user("hello", format), "openai", "gpt-4o")).most).to.be.above(plain.most + 200 + 150);
  });

  for (const [what, value, allowance] of [
    ["a number", 7, 5],
    ["an object", {}, 4],
    ["an array", [], 4],
    ["true", true, 8],
  ] as const) {
    it(`${what} in a schema counts for its characters and what may be rendered around it (L31)`, async () => {
      const most = async (count: number): Promise<number> => {
        const tools = [{ parameters: { enum: Array.from({ length: count }, () => value) } }];
        return (await tokens.bound(user("hello", { tools }), "openai", "gpt-4o")).most;
      };
      expect((await most(100)) - (await most(50))).to.equal(50 * allowance);
    });
  }

  it("what was learned from settled requests is the likely number where no vocabulary is known", async () => {
    const own = makeTokens();
    const request = user("字".repeat(1_000));
    const before = await own.bound(request, "deepseek", "deepseek-chat");
    for (let index = 0; index < 50; index++) own.settled("deepseek", "deepseek-chat", 3_000, 1_500);
    const after = await own.bound(request, "deepseek", "deepseek-chat");
    expect(after.likely / before.likely).to.be.closeTo(2, 0.1);
    expect(after.most).to.equal(before.most);
    expect((await own.bound(request, "groq", "deepseek-chat")).likely).to.equal(before.likely);
  });

  it("any bytes get an answer, whether JSON or not", async () => {
    const nearly = fc
      .array(fc.constantFrom("{", "}", "[", "]", '"', ",", ":", "\\", "\\u", "messages", '"tools":', "1", " "))
      .map((parts) => Buffer.from(parts.join("")));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array(), nearly), async (raw) => {
        const request: ClientRequest = { ...user("hello"), raw };
        const { most, likely } = await tokens.bound(request, "openai", "gpt-4o");
        expect(Number.isSafeInteger(most) && Number.isSafeInteger(likely) && most >= likely).to.equal(true);
      }),
      { numRuns: 500 },
    );
  });
});
