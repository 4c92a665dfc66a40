import { expect } from "chai";
import { GatewayError } from "../../../src/lib/errors.ts";
import { type ChatRequest, readChatRequest } from "../../../src/providers/common/chat-request.ts";
import { Warnings } from "../../../src/providers/common/warnings.ts";
import { chatClientRequest } from "./attempt.ts";

const hello = [{ role: "user", content: "Hi" }];

function read(body: object): { chat: ChatRequest; codes: readonly string[] } {
  const warnings = new Warnings();
  const chat = readChatRequest(chatClientRequest({ model: "m", messages: hello, ...body }), "Acme", warnings);
  return { chat, codes: warnings.codes };
}

function refusal(body: object): GatewayError {
  try {
    read(body);
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown;
    throw thrown;
  }
  throw new Error(`${JSON.stringify(body)} was not refused`);
}

describe("readChatRequest", () => {
  it("types every member", () => {
    const { chat } = read({
      max_tokens: 9,
      max_completion_tokens: 7,
      temperature: 0.5,
      top_p: 1,
      top_k: 0,
      stop: ["a", "", "b"],
      parallel_tool_calls: false,
      reasoning_effort: "xhigh",
      thinking: { type: "enabled", budget_tokens: 2000 },
      service_tier: "flex",
    });
    expect(chat).to.deep.include({ maxTokens: 7, temperature: 0.5, topP: 1, topK: 0, stop: ["a", "b"] });
    expect(chat).to.deep.include({ parallelToolCalls: false, reasoningEffort: "xhigh", serviceTier: "flex" });
    expect(chat.thinking?.budgetTokens).to.equal(2000);
  });

  it("takes null for absent", () => {
    const nothing = { max_tokens: null, temperature: null, stop: null, tools: null, tool_choice: null, thinking: null };
    const { chat } = read({
      ...nothing,
      n: null,
      logprobs: null,
      response_format: null,
      modalities: null,
      functions: null,
    });
    expect(chat).to.deep.include({ maxTokens: undefined, temperature: undefined, stop: [], thinking: undefined });
    expect(chat.toolPlan).to.deep.equal({ tools: [], choice: undefined });
    expect(chat.responseFormat).to.deep.equal({ type: "text" });
  });

  it("lets max_completion_tokens win, 0 included (R56, R58)", () => {
    expect(read({ max_tokens: 5, max_completion_tokens: 0 }).chat.maxTokens).to.equal(0);
    expect(read({ max_tokens: 0 }).chat.maxTokens).to.equal(0);
  });

  it("reads stop as string and as list alike (R63)", () => {
    expect(read({ stop: "a" }).chat.stop).to.deep.equal(read({ stop: ["", "a"] }).chat.stop);
    expect(read({ stop: "" }).chat.stop).to.deep.equal([]);
  });

  const wrongTypes: readonly [object, string][] = [
    [{ messages: "Hi" }, "messages"],
    [{ messages: null }, "messages"],
    [{ messages: [1] }, "messages[0]"],
    [{ messages: [{ content: "x" }] }, "messages[0].role"],
    [{ messages: [{ role: "robot", content: "x" }] }, "messages[0].role"],
    [{ messages: [{ role: "user", content: 5 }] }, "messages[0].content"],
    [{ messages: [{ role: "user", content: [5] }] }, "messages[0].content[0]"],
    [{ messages: [{ role: "user", content: [{ text: "x" }] }] }, "messages[0].content[0].type"],
    [{ messages: [{ role: "user", content: [{ type: "text" }] }] }, "messages[0].content[0].text"],
    [
      { messages: [{ role: "user", content: [{ type: "image_url", image_url: "u" }] }] },
      "messages[0].content[0].image_url",
    ],
    [{ messages: [{ role: "user", content: [{ type: "file", file: {} }] }] }, "messages[0].content[0].file.file_data"],
    [{ messages: [{ role: "assistant", tool_calls: {} }] }, "messages[0].tool_calls"],
    [{ messages: [{ role: "assistant", tool_calls: [{ id: "a" }] }] }, "messages[0].tool_calls[0].function"],
    [
      { messages: [{ role: "assistant", tool_calls: [{ id: "a", function: { name: "f", arguments: {} } }] }] },
      "messages[0].tool_calls[0].function.arguments",
    ],
    [
      { messages: [{ role: "assistant", thinking_blocks: [{ type: "thinking", signature: 5 }] }] },
      "messages[0].thinking_blocks[0].signature",
    ],
    [{ messages: [{ role: "tool", content: "x" }] }, "messages[0].tool_call_id"],
    [{ messages: [{ role: "tool", content: "x", tool_call_id: "t", is_error: "yes" }] }, "messages[0].is_error"],
    [{ messages: [{ role: "user", content: "x", cache_control: 1 }] }, "messages[0].cache_control"],
    [{ max_tokens: "9" }, "max_tokens"],
    [{ max_tokens: 1.5 }, "max_tokens"],
    [{ max_tokens: -1 }, "max_tokens"],
    [{ max_completion_tokens: 1e300 }, "max_completion_tokens"],
    [{ temperature: "hot" }, "temperature"],
    [{ top_p: [] }, "top_p"],
    [{ top_k: 0.5 }, "top_k"],
    [{ stop: [1] }, "stop[0]"],
    [{ stop: {} }, "stop"],
    [{ n: "2" }, "n"],
    [{ n: 0 }, "n"],
    [{ logprobs: 1 }, "logprobs"],
    [{ modalities: "audio" }, "modalities"],
    [{ tools: {} }, "tools"],
    [{ tools: [{ type: "function" }] }, "tools[0].function"],
    [{ tools: [{ type: "function", function: { name: "f", parameters: "x" } }] }, "tools[0].function.parameters"],
    [{ tools: [{ type: "function", function: { name: "f", strict: 1 } }] }, "tools[0].function.strict"],
    [{ tool_choice: 5 }, "tool_choice"],
    [{ tool_choice: "maybe" }, "tool_choice"],
    [{ parallel_tool_calls: "no" }, "parallel_tool_calls"],
    [{ reasoning_effort: "heroic" }, "reasoning_effort"],
    [{ thinking: true }, "thinking"],
    [{ thinking: { budget_tokens: "many" } }, "thinking.budget_tokens"],
    [{ response_format: "json" }, "response_format"],
    [{ response_format: { type: "xml" } }, "response_format.type"],
    [{ response_format: { type: "json_schema" } }, "response_format.json_schema"],
    [{ response_format: { type: "json_schema", json_schema: { name: "n" } } }, "response_format.json_schema.schema"],
    [{ service_tier: 1 }, "service_tier"],
  ];
  for (const [body, param] of wrongTypes) {
    it(`answers 400 invalid_field at ${param} for ${JSON.stringify(body).slice(0, 90)} (R168)`, () => {
      const error = refusal(body);
      expect(error).to.include({ code: "invalid_field", status: 400, param });
      expect(error.message).to.include(param);
    });
  }

  it("does not take 1e400 for a number", () => {
    const text = `{"model":"m","messages":[{"role":"user","content":"x"}],"temperature":1e400}`;
    expect(() => readChatRequest(chatClientRequest(text), "Acme", new Warnings())).to.throw(
      GatewayError,
      "temperature",
    );
  });

  const refusals: readonly [object, string, string][] = [
    [{ n: 2 }, "n_not_supported", "n"],
    [{ logprobs: true }, "logprobs_not_supported", "logprobs"],
    [{ modalities: ["text", "audio"] }, "audio_output_not_supported", "modalities"],
    [{ web_search_options: {} }, "web_search_not_supported", "web_search_options"],
    [{ functions: [{ name: "f" }] }, "legacy_functions_not_supported", "functions"],
    [{ function_call: "auto" }, "legacy_functions_not_supported", "function_call"],
    [{ messages: [{ role: "function", content: "x" }] }, "legacy_functions_not_supported", "messages[0]"],
    [{ messages: [{ role: "assistant", function_call: {} }] }, "legacy_functions_not_supported", "messages[0]"],
    [{ tools: [{ type: "custom" }] }, "unsupported_tool_type", "tools[0]"],
    [
      { messages: [{ role: "assistant", tool_calls: [{ type: "custom" }] }] },
      "unsupported_tool_type",
      "messages[0].tool_calls[0]",
    ],
    [
      { messages: [{ role: "user", content: [{ type: "video" }] }] },
      "unsupported_content_part",
      "messages[0].content[0]",
    ],
    [
      { messages: [{ role: "system", content: [{ type: "refusal", refusal: "x" }] }] },
      "unsupported_content_part",
      "messages[0].content[0]",
    ],
    [
      { messages: [{ role: "user", content: [{ type: "file", file: { file_id: "f" } }] }] },
      "file_id_not_supported",
      "messages[0].content[0]",
    ],
  ];
  for (const [body, code, param] of refusals) {
    it(`refuses ${JSON.stringify(body).slice(0, 80)} with ${code} naming schema and path (R61, R62, R88, R168)`, () => {
      const error = refusal(body);
      expect(error).to.include({ code, status: 422, param });
      expect(error.message).to.include("Acme").and.to.include(param);
    });
  }

  it("takes what equals the default without a word (R62, R64)", () => {
    expect(read({ n: 1, logprobs: false, modalities: ["text"], functions: [], tools: [] }).codes).to.deep.equal([]);
  });

  it("reports nested members that have no place anywhere, once each (R64)", () => {
    const { codes } = read({
      messages: [
        {
          role: "user",
          name: "ada",
          content: [{ type: "image_url", image_url: { url: "u", detail: "high" }, glow: 1 }],
        },
        { role: "user", name: "bob", content: [{ type: "text", text: "x", annotations: [] }] },
        { role: "assistant", content: null, reasoning_content: "hm", refusal: null, audio: null },
      ],
      stream_options: { include_usage: true, include_obfuscation: true },
    });
    expect(codes).to.deep.equal([
      "dropped:include_obfuscation",
      "dropped:name",
      "dropped:glow",
      "dropped:detail",
      "dropped:reasoning_content",
    ]);
  });
});
