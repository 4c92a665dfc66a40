import { expect } from "chai";
import { type RunningMock, startMock } from "../../src/mocks/start-mock.ts";
import { openaiCall, openaiKey } from "./calls.ts";
import { events, send } from "./http.ts";

const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object" } } }];
const streamed = { stream: true, stream_options: { include_usage: true } };

describe("the OpenAI mock", () => {
  let mock: RunningMock;
  before(async () => {
    mock = await startMock({ provider: "OpenAI", apiKey: openaiKey });
  });
  after(() => mock.close());

  it("answers JSON with the tokens of what was asked and said", async () => {
    const { status, headers, text } = await send(mock, openaiCall());
    expect(status).to.equal(200);
    expect(headers["content-type"]).to.equal("application/json");
    const answer = JSON.parse(text) as Record<string, unknown>;
    expect(answer).to.include({ object: "chat.completion", model: "gpt-4o" });
    expect(answer["choices"]).to.deep.equal([
      {
        index: 0,
        message: { role: "assistant", content: "Hello from the mock.", refusal: null },
        logprobs: null,
        finish_reason: "stop",
      },
    ]);
    expect(answer["usage"]).to.deep.equal({
      prompt_tokens: 4,
      completion_tokens: 5,
      total_tokens: 9,
      prompt_tokens_details: { cached_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    });
    expect((await send(mock, openaiCall())).text, "the same request, the same answer").to.equal(text);
  });

  it("streams role, content, finish, usage and the end", async () => {
    const { headers, text } = await send(
      mock,
      openaiCall({ body: streamed, headers: { "x-mock-usage": "60,40,10,5,7" } }),
    );
    expect(headers["content-type"]).to.equal("text/event-stream; charset=utf-8");
    expect(text).to.match(/\n\ndata: \[DONE\]\n\n$/);
    const chunks = events(text);
    const deltas = chunks.flatMap(
      ({ choices }) => choices as { delta: { content?: string }; finish_reason: unknown }[],
    );
    expect(deltas[0]?.delta).to.deep.equal({ role: "assistant", content: "", refusal: null });
    expect(deltas.map(({ delta }) => delta.content ?? "").join("")).to.equal("Hello from the mock.");
    expect(deltas.map((delta) => delta.finish_reason)).to.deep.equal([null, null, null, null, null, "stop"]);
    expect(chunks.slice(0, -1).map(({ usage }) => usage)).to.deep.equal([null, null, null, null, null, null]);
    expect(chunks.at(-1)).to.deep.include({
      choices: [],
      usage: {
        prompt_tokens: 60,
        completion_tokens: 40,
        total_tokens: 100,
        prompt_tokens_details: { cached_tokens: 10, cache_write_tokens: 5 },
        completion_tokens_details: { reasoning_tokens: 7 },
      },
    });
  });

  it("tells no usage on a stream that did not ask for it", async () => {
    const { text } = await send(mock, openaiCall({ body: { stream: true } }));
    expect(text).not.to.include("usage");
  });

  it("calls the first tool, its arguments in pieces", async () => {
    const { text } = await send(mock, openaiCall({ body: { ...streamed, tools }, headers: { "x-mock-tools": "1" } }));
    const calls = events(text)
      .flatMap(
        ({ choices }) => choices as { delta: { tool_calls?: { function: { name?: string; arguments: string } }[] } }[],
      )
      .flatMap(({ delta }) => delta.tool_calls ?? []);
    expect(calls[0]).to.deep.include({ index: 0, type: "function", function: { name: "weather", arguments: "" } });
    expect(calls.length).to.be.greaterThan(3);
    expect(calls.map((call) => call.function.arguments).join("")).to.equal('{"city":"Rome"}');
    expect(text).to.include('"finish_reason":"tool_calls"');
  });

  it("calls a tool when the last message asks for it, and not after its result", async () => {
    const asked = { role: "user", content: "please use the tool" };
    const first = JSON.parse((await send(mock, openaiCall({ body: { tools, messages: [asked] } }))).text) as {
      choices: { message: { content: unknown; tool_calls: { id: string }[] } }[];
    };
    const message = first.choices[0]?.message;
    expect(message?.content).to.equal(null);
    const result = { role: "tool", tool_call_id: message?.tool_calls[0]?.id, content: "sunny" };
    const { text } = await send(mock, openaiCall({ body: { tools, messages: [asked, message, result] } }));
    expect(text).to.include("Hello from the mock.");
  });

  it("streams as many content chunks as asked for", async () => {
    for (const chunks of [1, 7, 20, 500]) {
      const { text } = await send(
        mock,
        openaiCall({ body: { stream: true }, headers: { "x-mock-chunks": String(chunks) } }),
      );
      expect(events(text)).to.have.lengthOf(chunks + 2);
    }
  });

  it("says a UTF-8 text as it is, in whole characters", async () => {
    const said = "héllo 🙂🙂 wörld";
    const headers = { "x-mock-text": Buffer.from(said).toString("latin1"), "x-mock-chunks": "9" };
    const { text } = await send(mock, openaiCall({ body: { stream: true }, headers }));
    const parts = events(text).flatMap(({ choices }) => choices as { delta: { content?: string } }[]);
    expect(parts.map(({ delta }) => delta.content ?? "").join("")).to.equal(said);
    expect(text).to.include("🙂").and.not.include("\\ud83d");
  });

  it("lists its models to who has the key", async () => {
    const call = { method: "GET", path: "/v1/models" };
    const { text } = await send(mock, { ...call, headers: { authorization: `Bearer ${openaiKey}` } });
    expect(JSON.parse(text)).to.deep.include({ object: "list" });
    expect(text).to.include('"gpt-4o"');
    expect((await send(mock, call)).status).to.equal(401);
  });

  it("refuses a wrong key with a part of it in the message", async () => {
    const { status, text } = await send(mock, openaiCall({ headers: { authorization: "Bearer sk-wrong-0123456789" } }));
    expect(status).to.equal(401);
    expect(JSON.parse(text)).to.deep.equal({
      error: {
        message: "Incorrect API key provided: sk-wrong*******6789.",
        type: "invalid_request_error",
        param: null,
        code: "invalid_api_key",
      },
    });
  });

  const call = { id: "a", type: "function", function: { name: "weather", arguments: "{}" } };
  const user = { role: "user", content: "hi" };
  const assistant = { role: "assistant", content: null, tool_calls: [call] };
  const refused: Readonly<Record<string, readonly [number, ReturnType<typeof openaiCall>]>> = {
    "another path": [404, { ...openaiCall(), path: "/v1/messages" }],
    "another method": [404, { ...openaiCall(), method: "PUT" }],
    "a body that is not JSON": [400, { ...openaiCall(), body: "{" }],
    "a list as body": [400, { ...openaiCall(), body: "[]" }],
    "another content type": [400, openaiCall({ headers: { "content-type": "text/plain" } })],
    "a missing model": [400, openaiCall({ body: { model: undefined } })],
    "no messages": [400, openaiCall({ body: { messages: [] } })],
    "an unknown role": [400, openaiCall({ body: { messages: [{ role: "human", content: "hi" }] } })],
    "a result without a call": [400, openaiCall({ body: { messages: [user, { role: "tool", tool_call_id: "a" }] } })],
    "a call without a result": [400, openaiCall({ body: { messages: [user, assistant, user] } })],
    "usage asked for without a stream": [400, openaiCall({ body: { stream_options: { include_usage: true } } })],
    "an Anthropic key": [400, openaiCall({ headers: { "x-api-key": "k" } })],
    "an AWS header": [400, openaiCall({ headers: { "x-amz-date": "d" } })],
    "a cookie": [400, openaiCall({ headers: { cookie: "a=b" } })],
    "an unknown fault": [400, openaiCall({ headers: { "x-mock-fault": "trunkate" } })],
    "usage that means nothing": [400, openaiCall({ headers: { "x-mock-usage": "many" } })],
  };
  for (const [what, [expected, refusedCall]] of Object.entries(refused)) {
    it(`refuses ${what} in its own error shape`, async () => {
      const { status, text } = await send(mock, refusedCall);
      expect(status).to.equal(expected);
      expect(JSON.parse(text)).to.have.nested.property("error.type", "invalid_request_error");
    });
  }
});
