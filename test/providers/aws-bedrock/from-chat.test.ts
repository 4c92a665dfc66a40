import { expect } from "chai";
import { Headers } from "../../../src/core/headers.ts";
import { GatewayError } from "../../../src/lib/errors.ts";
import { chatToBedrock } from "../../../src/providers/aws-bedrock/from-chat.ts";
import { type AttemptOptions, chatAttempt, userMessage } from "../common/attempt.ts";
import { encodeFrames } from "../frames.ts";

interface Body {
  readonly inferenceConfig?: Readonly<Record<string, unknown>>;
  readonly additionalModelRequestFields?: { readonly thinking?: { readonly budget_tokens?: number } };
  readonly outputConfig?: object;
  readonly [member: string]: unknown;
}

function request(body: string | object, options: AttemptOptions = {}) {
  const upstream = chatToBedrock(chatAttempt(body, options)).request();
  const text = Buffer.from(upstream.body ?? new Uint8Array(0)).toString();
  return { ...upstream, text, json: JSON.parse(text) as Body };
}

function refusal(body: object): GatewayError {
  try {
    request(body);
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown;
    throw thrown;
  }
  throw new Error("the request was not refused");
}

const hello = userMessage("Hi");
const efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

describe("chatToBedrock: the request", () => {
  it("names the model in one encoded segment of the path, and the kind of answer behind it (R20)", () => {
    const path = (model: string, stream = false) => request({ ...hello, stream }, { model }).path;
    expect(path("anthropic.claude-x-v1:0")).to.equal("/model/anthropic.claude-x-v1%3A0/converse");
    expect(path("anthropic.claude-x-v1:0", true)).to.equal("/model/anthropic.claude-x-v1%3A0/converse-stream");
    expect(path("arn:aws:bedrock:us-east-1:1:inference-profile/us.x")).to.equal(
      "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.x/converse",
    );
    expect(path("a b?c#d%e!f'é😀")).to.equal("/model/a%20b%3Fc%23d%25e%21f%27%C3%A9%F0%9F%98%80/converse");
    expect(path("\ud800")).to.match(/^\/model\/(?:%[0-9A-F]{2})+\/converse$/);
  });

  it("names neither the model nor the streaming in its body", () => {
    expect(request({ ...hello, stream: true }).json).to.have.all.keys("messages");
  });

  it("asks for an uncompressed answer of the right kind (R33)", () => {
    expect(request(hello).headers.set).to.deep.equal({
      "content-type": "application/json",
      accept: "application/json",
      "accept-encoding": "identity",
    });
    expect(request({ ...hello, stream: true }).headers.set).to.include({
      accept: "application/vnd.amazon.eventstream",
    });
  });

  it("removes what the client said to other vendors and about its own body, versions included (R29)", () => {
    const clientHeaders = new Headers([
      ["anthropic-version", "2023-06-01"],
      ["anthropic-beta", "x"],
      ["OpenAI-Organization", "org"],
      ["content-encoding", "gzip"],
      ["user-agent", "curl"],
    ]);
    const { set, remove } = request(hello, { clientHeaders }).headers;
    expect(remove).to.have.members(["anthropic-version", "anthropic-beta", "openai-organization", "content-encoding"]);
    expect(set).not.to.have.property("anthropic-version");
  });

  it("gives the same bytes twice and leaves the request alone (R16)", () => {
    const attempt = chatAttempt({ ...hello, temperature: 2, tools: [], seed: 1 });
    const before = Buffer.from(attempt.request.raw).toString();
    const first = chatToBedrock(attempt).request();
    const translator = chatToBedrock(attempt);
    translator.request();
    expect(translator.request()).to.deep.equal(first);
    expect(Buffer.from(attempt.request.raw).toString()).to.equal(before);
  });

  it("lets nothing of an earlier attempt into a later one (R17)", () => {
    const attempt = chatAttempt({ ...hello, temperature: 2 });
    const fresh = chatToBedrock(attempt).request();
    const failed = chatToBedrock(attempt);
    failed.request();
    failed.responseHeaders({
      status: 200,
      headers: new Headers([["content-type", "application/vnd.amazon.eventstream"]]),
    });
    const told = failed.responseBody(encodeFrames('{"event":"metadata","payload":{"usage":{"inputTokens":5}}}'));
    expect(told.usage).to.include({ input: 5 });
    const second = chatToBedrock(attempt);
    expect(second.request()).to.deep.equal(fresh);
    second.responseHeaders({ status: 200, headers: new Headers() });
    expect(second.responseEnd()).to.include({ usage: undefined, model: undefined });
  });

  it("carries every character of a text to the provider (R55)", () => {
    const text = 'q"\\ \n\t\u0000 é 😀 \u2028 \ud800';
    const { json } = request(userMessage(text));
    expect(json["messages"]).to.deep.equal([{ role: "user", content: [{ text }] }]);
  });

  it("takes max_completion_tokens before max_tokens, 0 for 0, and no maximum for none (R56, R57, R58)", () => {
    const maximum = (members: object, options = {}) =>
      request({ ...hello, ...members }, { options }).json.inferenceConfig;
    expect(maximum({ max_tokens: 1, max_completion_tokens: 2 })).to.deep.equal({ maxTokens: 2 });
    expect(maximum({ max_tokens: 0 })).to.deep.equal({ maxTokens: 0 });
    expect(maximum({})).to.equal(undefined);
    expect(maximum({}, { defaultMaxTokens: 9 })).to.deep.equal({ maxTokens: 9 });
    expect(request(hello, { options: { defaultMaxTokens: 9 } }).warnings).to.deep.equal(["max_tokens_defaulted"]);
  });

  it("raises the default maximum above a thinking budget, but never the client's (R59)", () => {
    const thinking = { type: "enabled", budget_tokens: 9000 };
    const options = { defaultMaxTokens: 512 };
    expect(request({ ...hello, thinking }, { options }).json.inferenceConfig).to.deep.equal({ maxTokens: 9512 });
    const own = request({ ...hello, thinking, max_tokens: 100 }, { options });
    expect(own.json.inferenceConfig).to.deep.equal({ maxTokens: 100 });
  });

  it("lowers a temperature above 1 with a warning (R60)", () => {
    const { json, warnings } = request({ ...hello, temperature: 1.5 });
    expect(json.inferenceConfig).to.deep.equal({ temperature: 1 });
    expect(warnings).to.deep.equal(["temperature_clamped"]);
    expect(request({ ...hello, temperature: 1 }).warnings).to.deep.equal([]);
  });

  it("drops sampling parameters where the operator says so, each with a warning", () => {
    const sampling = { ...hello, temperature: 1.5, top_p: 1, top_k: 1 };
    const { json, warnings } = request(sampling, { options: { samplingParams: "drop" } });
    expect(json).to.have.all.keys("messages");
    expect(warnings).to.deep.equal(["dropped:temperature", "dropped:top_p", "dropped:top_k"]);
  });

  it("refuses what would change the shape of the answer, by name (R61, R62, R168)", () => {
    expect(refusal({ ...hello, n: 2 })).to.include({ code: "n_not_supported", status: 422, param: "n" });
    expect(refusal({ ...hello, logprobs: true })).to.include({ code: "logprobs_not_supported", param: "logprobs" });
    expect(refusal({ ...hello, modalities: ["audio"] })).to.include({ code: "audio_output_not_supported" });
    expect(refusal({ ...hello, functions: [{}] })).to.include({ code: "legacy_functions_not_supported" });
    expect(request({ ...hello, n: 1, logprobs: false }).warnings).to.deep.equal([]);
  });

  it("takes stop as a string and as an array, without empty strings (R63)", () => {
    const sequences = (stop: unknown) => request({ ...hello, stop }).json.inferenceConfig?.["stopSequences"];
    expect(sequences("END")).to.deep.equal(["END"]);
    expect(sequences(["", "END"])).to.deep.equal(["END"]);
    expect(sequences(["", ""])).to.equal(undefined);
  });

  it("reports each dropped member once and defaults never (R64)", () => {
    const { warnings, json } = request({
      ...hello,
      seed: 1,
      user: "u",
      frequency_penalty: 0.5,
      presence_penalty: 0,
      store: false,
      moderation: null,
      metadata: {},
      parallel_tool_calls: true,
      service_tier: "auto",
    });
    expect(warnings).to.deep.equal(["dropped:seed", "dropped:user", "dropped:frequency_penalty"]);
    expect(json).to.have.all.keys("messages");
  });

  it("reports a member with a strange name without breaking the header (R169)", () => {
    const { warnings } = request({ ...hello, "a,b\r\nx-evil: 1é": 1 });
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.match(/^dropped:[a-z0-9_.:[\]-]{1,56}$/);
  });

  it("sends an output schema as a string that holds the client's text (R74, R93)", () => {
    const schema = '{ "type":"object", "$defs":{"n":{"maximum":12345678901234567890,"x":1.0}} }';
    const format = `{"type":"json_schema","json_schema":{"name":"n","description":"d","schema":${schema}}}`;
    const { json } = request(`{"model":"m","messages":[{"role":"user","content":"Hi"}],"response_format":${format}}`);
    expect(json.outputConfig).to.deep.equal({
      textFormat: { type: "json_schema", structure: { jsonSchema: { schema, name: "n", description: "d" } } },
    });
  });

  it("warns of JSON that it cannot enforce (R94)", () => {
    const { json, warnings } = request({ ...hello, response_format: { type: "json_object" } });
    expect(json).to.have.all.keys("messages");
    expect(warnings).to.deep.equal(["json_object_not_enforced"]);
  });

  it("accepts every effort in every mode (R95)", () => {
    for (const reasoningEffort of ["outputConfig", "anthropic-thinking", "nova", "drop", undefined]) {
      for (const effort of efforts) {
        const body = { ...hello, reasoning_effort: effort, max_tokens: 5000 };
        const { json } = request(body, { options: { reasoningEffort } });
        const budget = json.additionalModelRequestFields?.thinking?.budget_tokens;
        if (budget !== undefined) expect(budget).to.be.within(1024, 4999);
        if (json.outputConfig !== undefined) expect(efforts.slice(2)).to.include(Object.values(json.outputConfig)[0]);
      }
    }
  });

  it("sends the effort beside an explicit thinking object, which wins where both say the same", () => {
    const both = { ...hello, reasoning_effort: "high", thinking: { type: "adaptive" } };
    expect(request(both).json).to.deep.include({
      additionalModelRequestFields: { thinking: { type: "adaptive" } },
      outputConfig: { effort: "high" },
    });
    for (const reasoningEffort of ["anthropic-thinking", "nova"]) {
      const { json, warnings } = request(both, { options: { reasoningEffort } });
      expect(json.additionalModelRequestFields).to.deep.equal({ thinking: { type: "adaptive" } });
      expect(warnings).to.deep.equal(["dropped:reasoning_effort"]);
    }
  });

  it("sends metadata of strings only", () => {
    expect(request({ ...hello, metadata: { a: "b" } }).json["requestMetadata"]).to.deep.equal({ a: "b" });
    for (const metadata of [{ a: 1 }, { a: null }, { a: "b", c: {} }]) {
      const { json, warnings } = request({ ...hello, metadata });
      expect(json).not.to.have.property("requestMetadata");
      expect(warnings).to.deep.equal(["dropped:metadata"]);
    }
    expect(refusal({ ...hello, metadata: "x" })).to.include({ code: "invalid_field", param: "metadata" });
  });
});

describe("chatToBedrock: the answer", () => {
  function answer(body: object, status: number, contentType: string, bytes: Uint8Array) {
    const translator = chatToBedrock(chatAttempt({ ...hello, ...body }));
    const headers = new Headers([
      ["content-type", contentType],
      ["content-length", "5"],
    ]);
    const begun = translator.responseHeaders({ status, headers });
    return { ...begun, pieces: [translator.responseBody(bytes), translator.responseEnd()] };
  }
  const text = '{"output":{"message":{"content":[{"text":"A"}]}},"stopReason":"end_turn"}';
  const frames = encodeFrames('{"event":"contentBlockDelta","payload":{"delta":{"text":"A"}}}');

  it("loses the provider's length and encoding with its headers (R34)", () => {
    for (const stream of [false, true]) {
      const { headers } = answer({ stream }, 200, "application/json", Buffer.from(text));
      expect(headers.remove).to.have.members(["content-encoding", "content-length"]);
    }
  });

  it("is streamed for every 2xx status with the type of an event stream, whatever its parameters (R35)", () => {
    for (const status of [200, 201, 206]) {
      const { stream, headers, pieces } = answer(
        { stream: true },
        status,
        "Application/Vnd.Amazon.EventStream; a=b",
        frames,
      );
      expect(stream).to.equal(true);
      expect(headers.set["content-type"]).to.equal("text/event-stream; charset=utf-8");
      expect(Buffer.from(pieces[0]?.body ?? []).toString()).to.include('"content":"A"');
    }
  });

  it("never lets the provider's bytes through", () => {
    const events = answer({ stream: true }, 200, "application/vnd.amazon.eventstream", frames.subarray(0, 9));
    const json = answer({}, 200, "application/json", Buffer.from("{"));
    expect([...events.pieces, ...json.pieces].map(({ body }) => body?.length)).to.deep.equal([0, 0, 0, 0]);
  });

  it("is an error when it is a stream that was not asked for, or JSON without output (R142, R165)", () => {
    const unasked = answer({}, 200, "application/vnd.amazon.eventstream", frames).pieces.at(-1);
    expect(unasked?.failure).to.include({ status: 502 });
    const empty = answer({}, 200, "application/json", Buffer.from('{"stopReason":"end_turn"}')).pieces.at(-1);
    expect(empty?.failure).to.include({ code: "upstream_empty_response", status: 502 });
  });
});
