import { expect } from "chai";
import { Headers } from "../../../src/core/headers.ts";
import { chatToAnthropic } from "../../../src/providers/anthropic/from-chat.ts";
import { type AttemptOptions, chatAttempt, userMessage } from "../common/attempt.ts";

function request(body: string | object, options: AttemptOptions = {}) {
  const upstream = chatToAnthropic(chatAttempt(body, options)).request();
  const text = Buffer.from(upstream.body ?? new Uint8Array(0)).toString();
  return { ...upstream, text, json: JSON.parse(text) as Record<string, unknown> };
}

const hello = userMessage("Hi");

describe("chatToAnthropic: the request", () => {
  it("goes to the schema's prefix, the configured one, or none (R32)", () => {
    expect(request(hello).path).to.equal("/v1/messages");
    expect(request(hello, { options: { prefix: "/compat" } }).path).to.equal("/compat/messages");
    expect(request(hello, { options: { prefix: "" } }).path).to.equal("/messages");
  });

  it("always names a version, never the chat client's (R29)", () => {
    const clientHeaders = new Headers([["anthropic-version", "1999-01-01"]]);
    expect(request(hello, { clientHeaders }).headers.set["anthropic-version"]).to.equal("2023-06-01");
    const { headers } = request(hello, { clientHeaders, options: { anthropicVersion: "2024-01-01" } });
    expect(headers.set["anthropic-version"]).to.equal("2024-01-01");
    expect(headers.remove).not.to.include("anthropic-version");
  });

  it("asks for an uncompressed answer of the right kind (R33)", () => {
    expect(request(hello).headers.set).to.include({ accept: "application/json", "accept-encoding": "identity" });
    expect(request({ ...hello, stream: true }).headers.set).to.include({ accept: "text/event-stream" });
    expect(request({ ...hello, stream: true }).json).to.include({ stream: true });
    expect(request({ ...hello, stream: false }).json).not.to.have.property("stream");
  });

  it("removes what the client said to other vendors and about its own body", () => {
    const clientHeaders = new Headers([
      ["Anthropic-Beta", "a"],
      ["OpenAI-Organization", "o"],
      ["X-Stainless-Lang", "js"],
      ["content-encoding", "gzip"],
      ["user-agent", "curl"],
    ]);
    const { remove } = request(hello, { clientHeaders }).headers;
    expect(remove).to.have.members(["anthropic-beta", "openai-organization", "x-stainless-lang", "content-encoding"]);
  });

  it("gives the same bytes twice and leaves the request alone (R16)", () => {
    const attempt = chatAttempt({ ...hello, temperature: 2, tools: [], seed: 1 });
    const before = Buffer.from(attempt.request.raw).toString();
    const first = chatToAnthropic(attempt).request();
    const translator = chatToAnthropic(attempt);
    translator.request();
    expect(translator.request()).to.deep.equal(first);
    expect(Buffer.from(attempt.request.raw).toString()).to.equal(before);
  });

  it("lets nothing of an earlier attempt into a later one (R17)", () => {
    const attempt = chatAttempt({ ...hello, temperature: 2 });
    const fresh = chatToAnthropic(attempt).request();
    const failed = chatToAnthropic(attempt);
    failed.request();
    failed.responseHeaders({ status: 200, headers: new Headers([["content-type", "text/event-stream"]]) });
    failed.responseBody(
      new TextEncoder().encode('data: {"type":"message_start","message":{"id":"x","usage":{"input_tokens":5}}}\n\n'),
    );
    const second = chatToAnthropic(attempt);
    expect(second.request()).to.deep.equal(fresh);
    second.responseHeaders({ status: 200, headers: new Headers() });
    expect(second.responseEnd()).to.include({ usage: undefined, model: undefined });
  });

  it("sends the model of the attempt, whatever the body says", () => {
    expect(request(hello, { model: "claude-9" }).json).to.include({ model: "claude-9" });
  });

  it("raises the default maximum above a thinking budget, but never the client's (R57, R59)", () => {
    const thinking = { type: "enabled", budget_tokens: 9000 };
    const raised = request({ ...hello, thinking });
    expect(raised.json["max_tokens"]).to.equal(4096 + 9000);
    expect(raised.warnings).to.deep.equal(["max_tokens_defaulted"]);
    const own = request({ ...hello, thinking, max_tokens: 100 });
    expect(own.json["max_tokens"]).to.equal(100);
    expect(own.warnings).to.deep.equal([]);
  });

  it("drops sampling parameters from the version on that refuses them (R30)", () => {
    const sampling = { ...hello, max_tokens: 1, temperature: 1, top_p: 1, top_k: 1 };
    for (const anthropicVersion of ["2026-10-21", "2027-01-01"]) {
      const { json, warnings } = request(sampling, { options: { anthropicVersion } });
      expect(json).not.to.have.any.keys("temperature", "top_p", "top_k");
      expect(warnings).to.deep.equal(["dropped:temperature", "dropped:top_p", "dropped:top_k"]);
    }
    for (const anthropicVersion of ["2026-10-20", "vertex-2026-12-01"]) {
      expect(request(sampling, { options: { anthropicVersion } }).json).to.include({
        temperature: 1,
        top_p: 1,
        top_k: 1,
      });
    }
  });

  it("accepts every effort in every mode (R95)", () => {
    for (const reasoningEffort of ["effort", "budget", "drop", undefined]) {
      for (const effort of ["none", "minimal", "low", "medium", "high", "xhigh", "max"]) {
        const { json } = request({ ...hello, reasoning_effort: effort }, { options: { reasoningEffort } });
        expect(json, `${reasoningEffort} ${effort}`).to.have.property("messages");
        const { budget_tokens } = (json["thinking"] ?? {}) as { budget_tokens?: number };
        if (budget_tokens !== undefined) expect(budget_tokens).to.be.below(json["max_tokens"] as number);
      }
    }
  });

  it("sends the effort beside an explicit thinking object", () => {
    const { json, warnings } = request({
      ...hello,
      max_tokens: 1,
      reasoning_effort: "high",
      thinking: { type: "adaptive" },
    });
    expect(json).to.deep.include({ thinking: { type: "adaptive" }, output_config: { effort: "high" } });
    expect(warnings).to.deep.equal([]);
    const none = request({ ...hello, max_tokens: 1, reasoning_effort: "none", thinking: { type: "adaptive" } });
    expect(none.json).to.deep.include({ thinking: { type: "adaptive" } });
    expect(none.warnings).to.deep.equal(["dropped:reasoning_effort"]);
  });

  it("reports each dropped member once and defaults never (R64)", () => {
    const { warnings } = request({
      ...hello,
      max_tokens: 1,
      seed: 1,
      frequency_penalty: 0.5,
      presence_penalty: 0,
      store: false,
      verbosity: "medium",
      moderation: null,
      prediction: {},
      metadata: {},
    });
    expect(warnings).to.deep.equal(["dropped:seed", "dropped:frequency_penalty"]);
  });
});
