import { expect } from "chai";
import { type RunningMock, startMock } from "../../src/mocks/start-mock.ts";
import { anthropicCall, anthropicKey } from "./calls.ts";
import { events, send } from "./http.ts";

const tools = [{ name: "weather", input_schema: { type: "object" } }];

describe("the Anthropic mock", () => {
  let mock: RunningMock;
  before(async () => {
    mock = await startMock({ provider: "Anthropic", apiKey: anthropicKey });
  });
  after(() => mock.close());

  it("answers JSON with the tokens of what was asked and said", async () => {
    const { status, text } = await send(mock, anthropicCall());
    expect(status).to.equal(200);
    expect(JSON.parse(text)).to.deep.include({
      type: "message",
      role: "assistant",
      model: "claude-sonnet-4-20250514",
      content: [{ type: "text", text: "Hello from the mock." }],
      stop_reason: "end_turn",
      stop_sequence: null,
      usage: { input_tokens: 4, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 5 },
    });
  });

  it("counts the same text alike, as a string and in blocks", async () => {
    const messages = [{ role: "user", content: [{ type: "text", text: "hi" }] }];
    const { text } = await send(mock, anthropicCall({ body: { messages } }));
    expect(JSON.parse(text)).to.have.nested.property("usage.input_tokens", 4);
  });

  it("streams from message_start to message_stop, with a ping and input without what was cached", async () => {
    const { headers, text } = await send(
      mock,
      anthropicCall({ body: { stream: true }, headers: { "x-mock-usage": "60,40,10,5" } }),
    );
    expect(headers["content-type"]).to.equal("text/event-stream; charset=utf-8");
    const all = events(text);
    const types = all.map(({ type }) => type);
    expect(types).to.deep.equal([
      "message_start",
      "ping",
      "content_block_start",
      ...Array.from({ length: 4 }, () => "content_block_delta"),
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
    expect([...text.matchAll(/^event: (.*)$/gm)].map(([, name]) => name)).to.deep.equal(types);
    expect(all[0]).to.have.nested.property("message.stop_reason", null);
    expect(all[0]?.["message"]).to.deep.include({
      usage: { input_tokens: 45, cache_creation_input_tokens: 5, cache_read_input_tokens: 10, output_tokens: 1 },
    });
    expect(all.at(-2)).to.deep.include({ usage: { output_tokens: 40 } });
  });

  it("thinks before it calls a tool, its arguments in pieces", async () => {
    const headers = { "x-mock-thinking": "1", "x-mock-tools": "1" };
    const all = events((await send(mock, anthropicCall({ body: { stream: true, tools }, headers }))).text);
    const starts = all.flatMap((event) => (event["type"] === "content_block_start" ? [event["content_block"]] : []));
    expect(starts.map((block) => (block as { type: string }).type)).to.deep.equal(["thinking", "tool_use"]);
    const deltas = all.flatMap(({ delta }) =>
      delta === undefined ? [] : [delta as Record<string, string | undefined>],
    );
    expect(deltas.map((delta) => delta["thinking"] ?? "").join("")).to.not.equal("");
    expect(deltas.filter((delta) => delta["type"] === "signature_delta")).to.have.lengthOf(1);
    expect(deltas.map((delta) => delta["partial_json"] ?? "").join("")).to.equal('{"city":"Rome"}');
    expect(deltas.at(-1)).to.include({ stop_reason: "tool_use" });
  });

  const user = { role: "user", content: "hi" };
  const use = { role: "assistant", content: [{ type: "tool_use", id: "a", name: "weather", input: {} }] };
  const result = (id: string): object => ({ role: "user", content: [{ type: "tool_result", tool_use_id: id }] });
  it("accepts a result of the call before it", async () => {
    const { status } = await send(mock, anthropicCall({ body: { tools, messages: [user, use, result("a")] } }));
    expect(status).to.equal(200);
  });

  const refused: Readonly<Record<string, readonly [number, string, ReturnType<typeof anthropicCall>]>> = {
    "another path": [404, "not_found_error", { ...anthropicCall(), path: "/v1/chat/completions" }],
    "a wrong key": [401, "authentication_error", anthropicCall({ headers: { "x-api-key": "wrong" } })],
    "a bearer key": [400, "invalid_request_error", anthropicCall({ headers: { authorization: "Bearer k" } })],
    "an AWS header": [400, "invalid_request_error", anthropicCall({ headers: { "x-amz-date": "d" } })],
    "a missing max_tokens": [400, "invalid_request_error", anthropicCall({ body: { max_tokens: undefined } })],
    "no max_tokens at all": [400, "invalid_request_error", anthropicCall({ body: { max_tokens: 0 } })],
    "a member of another API": [400, "invalid_request_error", anthropicCall({ body: { stream_options: {} } })],
    "a model of another vendor": [404, "not_found_error", anthropicCall({ body: { model: "gpt-4o" } })],
    "a temperature over 1": [400, "invalid_request_error", anthropicCall({ body: { temperature: 1.5 } })],
    "no messages": [400, "invalid_request_error", anthropicCall({ body: { messages: [] } })],
    "a system message": [
      400,
      "invalid_request_error",
      anthropicCall({ body: { messages: [{ role: "system", content: "be kind" }, user] } }),
    ],
    "empty content": [
      400,
      "invalid_request_error",
      anthropicCall({ body: { messages: [{ role: "user", content: "" }] } }),
    ],
    "an empty text block": [
      400,
      "invalid_request_error",
      anthropicCall({ body: { messages: [{ role: "user", content: [{ type: "text", text: "" }] }] } }),
    ],
    "a result of another call": [
      400,
      "invalid_request_error",
      anthropicCall({ body: { tools, messages: [user, use, result("b")] } }),
    ],
    "a result that comes too late": [
      400,
      "invalid_request_error",
      anthropicCall({ body: { tools, messages: [user, use, user, result("a")] } }),
    ],
    "a choice without tools": [
      400,
      "invalid_request_error",
      anthropicCall({ body: { tool_choice: { type: "auto" } } }),
    ],
  };
  for (const [what, [expected, type, call]] of Object.entries(refused)) {
    it(`refuses ${what} in its own error shape`, async () => {
      const { status, text } = await send(mock, call);
      expect(status).to.equal(expected);
      expect(JSON.parse(text)).to.deep.include({ type: "error" }).and.to.have.nested.property("error.type", type);
    });
  }

  for (const name of ["x-api-key", "anthropic-version"]) {
    it(`refuses a request without ${name}`, async () => {
      const call = anthropicCall();
      const headers = Object.fromEntries(Object.entries(call.headers ?? {}).filter(([header]) => header !== name));
      expect((await send(mock, { ...call, headers })).status).to.equal(name === "x-api-key" ? 401 : 400);
    });
  }
});
