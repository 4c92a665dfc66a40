import { expect } from "chai";
import { Headers } from "../../../src/core/headers.ts";
import type { BackendOptions, Translator } from "../../../src/core/translator.ts";
import { messagesEndpoint } from "../../../src/endpoints/messages.ts";
import { messagesToOpenai } from "../../../src/providers/openai/from-messages.ts";

const user = (content: unknown) => ({ role: "user", content });

function translate(body: object, options: BackendOptions = {}): Translator {
  const raw = Buffer.from(JSON.stringify({ model: "m", max_tokens: 9, messages: [user("Hi")], ...body }));
  let ids = 0;
  return messagesToOpenai({
    request: messagesEndpoint.parse(raw, new Headers()),
    clientHeaders: new Headers(),
    model: "gpt-x",
    options,
    now: () => 0,
    newId: (prefix) => `${prefix}${++ids}`,
  });
}

function sent(body: object, options?: BackendOptions) {
  const { body: bytes, warnings } = translate(body, options).request();
  return { json: JSON.parse(Buffer.from(bytes ?? []).toString()) as Record<string, unknown>, warnings };
}

/** What the client gets for a complete answer. */
function answered(message: object, choice: object = {}, body: object = {}) {
  const translator = translate(body);
  translator.request();
  translator.responseHeaders({ status: 200, headers: new Headers([["content-type", "application/json"]]) });
  const choices = [{ index: 0, message, finish_reason: "stop", ...choice }];
  translator.responseBody(Buffer.from(JSON.stringify({ id: "c", model: "gpt-x", choices })));
  return JSON.parse(Buffer.from(translator.responseEnd().body ?? []).toString()) as Record<string, unknown>;
}

/** The types and indices of the events that a stream of these deltas becomes. */
function streamed(...deltas: readonly object[]): readonly string[] {
  const translator = translate({ stream: true });
  translator.responseHeaders({ status: 200, headers: new Headers([["content-type", "text/event-stream"]]) });
  const text = deltas
    .map((delta) => `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta, finish_reason: null }] })}\n\n`)
    .join("");
  const { body } = translator.responseBody(Buffer.from(text));
  return Buffer.from(body ?? [])
    .toString()
    .split("\n")
    .filter((line) => line.startsWith("data: "))
    .map((line) => JSON.parse(line.slice("data: ".length)) as { type: string; index?: number })
    .map(({ type, index }) => (index === undefined ? type : `${type} ${index}`));
}

const tool = { name: "w", input_schema: { type: "object" } };
const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "AA==" } };
const call = { type: "tool_use", id: "t", name: "w", input: {} };

describe("messages to OpenAI", () => {
  it("lets the model make one call at most when the client says so (R81)", () => {
    const { json } = sent({ tools: [tool], tool_choice: { type: "auto", disable_parallel_tool_use: true } });
    expect(json).to.deep.include({ tool_choice: "auto", parallel_tool_calls: false });
  });

  it("never sends thinking as a member that the API does not know (R96)", () => {
    const thinking = { type: "enabled", budget_tokens: 4_096 };
    for (const options of [{}, { thinking: "reasoning_effort" as const }])
      expect(sent({ thinking }, options).json).not.to.have.property("thinking");
    expect(sent({ thinking }).warnings).to.deep.equal(["dropped:thinking"]);
    expect(sent({ thinking }, { thinking: "reasoning_effort" }).json).to.have.property("reasoning_effort", "medium");
  });

  it("hashes a user's id that is too long, and only that (R97)", () => {
    expect(sent({ metadata: { user_id: "u".repeat(64) } }).json["user"]).to.equal("u".repeat(64));
    const { json, warnings } = sent({ metadata: { user_id: "u".repeat(65) } });
    expect(json["user"]).to.match(/^[0-9a-f]{64}$/);
    expect(warnings).to.deep.equal(["user_id_hashed"]);
  });

  it("sends images of a tool's result after it, introduced by the call they belong to (R107, R108)", () => {
    const result = { type: "tool_result", tool_use_id: "t", content: [{ type: "text", text: "see" }, image] };
    const messages = [user("a"), { role: "assistant", content: [call] }, user([{ type: "text", text: "b" }, result])];
    const { json, warnings } = sent({ messages, tools: [tool] });
    expect((json["messages"] as object[]).slice(2)).to.deep.equal([
      { role: "tool", tool_call_id: "t", content: "see" },
      {
        role: "user",
        content: [
          { type: "text", text: "Content returned by tool call t:" },
          { type: "image_url", image_url: { url: "data:image/png;base64,AA==" } },
        ],
      },
      { role: "user", content: "b" },
    ]);
    expect(warnings).to.deep.equal(["tool_result_image_moved"]);
  });

  it("keeps system messages where they stand (R109)", () => {
    const { json } = sent({ system: "s", messages: [user("a"), { role: "system", content: "t" }, user("b")] });
    expect((json["messages"] as { role: string }[]).map(({ role }) => role)).to.deep.equal([
      "system",
      "user",
      "system",
      "user",
    ]);
  });

  it("opens a new block for text after a call (R132)", () => {
    const calls = [{ index: 0, id: "t", function: { name: "w", arguments: "{}" } }];
    expect(streamed({ content: "a" }, { tool_calls: calls }, { content: "b" })).to.deep.equal([
      "message_start",
      "content_block_start 0",
      "content_block_delta 0",
      "content_block_stop 0",
      "content_block_start 1",
      "content_block_delta 1",
      "content_block_stop 1",
      "content_block_start 2",
      "content_block_delta 2",
    ]);
  });

  it("answers with a list of blocks, also when there is none (R138)", () => {
    expect(answered({ content: "" })["content"]).to.deep.equal([]);
    expect(answered({ content: null })["content"]).to.deep.equal([]);
  });

  it("tells which stop sequence was met where the server tells it (R139)", () => {
    const body = { stop_sequences: ["END"] };
    const met = answered({ content: "a" }, { stop_reason: "END" }, body);
    expect(met).to.include({ stop_reason: "stop_sequence", stop_sequence: "END" });
    const other = answered({ content: "a" }, { stop_reason: "OTHER" }, body);
    expect(other).to.include({ stop_reason: "end_turn", stop_sequence: null });
  });

  it("accepts every effort that Anthropic's clients know (R95)", () => {
    for (const effort of ["low", "medium", "high", "xhigh", "max"])
      expect(sent({ output_config: { effort } }, { thinking: "reasoning_effort" }).json["reasoning_effort"]).to.equal(
        effort,
      );
  });
});
