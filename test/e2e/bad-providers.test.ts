import { expect } from "chai";
import { type RunningMock, startMock } from "../../src/mocks/start-mock.ts";
import {
  ask,
  backends,
  claude,
  contentOf,
  expectCharged,
  expectError,
  expectErrorEvent,
  expectWhole,
  halfSaidTokens,
  metric,
  rules,
  said,
  saidTokens,
} from "../support/bad-provider.ts";
import { until } from "../support/wait.ts";
import { openaiKey, routeYaml, startWorld, type World } from "../support/world.ts";

describe("bad providers through a real Envoy", () => {
  let refusing: RunningMock;
  let world: World;

  before(async function () {
    this.timeout(120_000);
    refusing = await startMock({ provider: "OpenAI", apiKey: "sk-another-key-than-ours" });
    world = await startWorld({
      route: routeYaml("llm-route", { ...rules, refused: ["refused-backend"] }),
      yaml: `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: refused-backend, namespace: ai-services}
spec: {provider: OpenAI, auth: {apiKeySecretRef: {name: openai-credentials, key: api-key}}}
---
apiVersion: tollgate.dev/v1alpha1
kind: MockBackend
metadata: {name: refused-backend, namespace: ai-services}
spec: {provider: OpenAI, address: "127.0.0.1:${refusing.port}"}
`,
    });
  });

  after(async () => {
    await world?.close();
    await refusing.close();
  });

  beforeEach(() => {
    for (const mock of [world.openai, world.anthropic, world.bedrock]) mock.reset();
    world.log.length = 0;
  });

  afterEach("still serves, and has let go of every session", async () => {
    world.log.length = 0;
    expectWhole(await ask(world, { model: "gpt-4o", fault: "" }), false);
    await until("no open session", () => world.gateway.sessions.size === 0);
    expect(world.log.filter((line) => line["level"] === "error")).to.deep.equal([]);
  });

  for (const backend of backends) {
    const { model, name, errorBody } = backend;

    describe(`${name}, JSON answers`, () => {
      for (const fault of ["html", "broken-json", "truncate", "headers-only"]) {
        it(`${fault}: 502, the input charged as an estimate (R165)`, async () => {
          const seen = await ask(world, { model, fault });
          expectError(seen, { status: 502, type: "server_error", code: "bad_upstream_json" });
          const outcome = { outcome: "failed", code: "bad_upstream_json", status: 502 };
          expectCharged(seen, outcome, seen.estimatedInput, true);
          expect(seen.access["error_type"]).to.equal("bad_upstream_json");
          expect(seen.access["code"]).to.equal(502);
        });
      }

      it("error-body-200: 502 with the provider's message", async () => {
        const seen = await ask(world, { model, fault: "error-body-200" });
        const error = expectError(seen, { status: 502, type: "server_error", code: errorBody.code });
        expect(error.message).to.equal(errorBody.message);
        expectCharged(seen, { outcome: "failed", code: errorBody.logged, status: 502 }, seen.estimatedInput, true);
      });

      it("wrong-content-type: what is JSON is taken for it", async () => {
        const seen = await ask(world, { model, fault: "wrong-content-type" });
        expectWhole(seen, false);
        expectCharged(seen, { outcome: "completed" }, 100, false);
      });

      for (const fault of ["no-usage", "negative-usage"]) {
        it(`${fault}: charged as an estimate that is marked as one (L6, R151)`, async () => {
          const label = `backend="ai-services/${name}-backend"`;
          const before = await metric(world, "usage_estimated_total", label);
          const badBefore = await metric(world, "translation_notes_total", 'note="bad_usage_counter"');
          const seen = await ask(world, { model, fault });
          expectWhole(seen, false);
          const total = seen.estimatedInput + saidTokens;
          expectCharged(seen, { outcome: "completed", usage_estimated: true }, total, true);
          expect(seen.answer.headers["x-ai-gateway-tokens-used"]).to.equal(String(total));
          expect(await metric(world, "usage_estimated_total", label)).to.equal(before + 1);
          const bad = (await metric(world, "translation_notes_total", 'note="bad_usage_counter"')) - badBefore;
          expect(bad > 0).to.equal(fault === "negative-usage");
        });
      }

      it("gzip: read, and passed on decompressed (R34)", async () => {
        const seen = await ask(world, { model, fault: "gzip" });
        expectWhole(seen, false);
        expectCharged(seen, { outcome: "completed" }, 100, false);
      });

      it("401: the client learns that credentials were refused, and nothing is charged", async () => {
        const seen = await ask(world, { model, fault: "401" });
        expectError(seen, { status: 401, type: "authentication_error", code: "upstream_authentication" });
        expectCharged(seen, { outcome: "failed", code: "upstream_authentication", status: 401 }, 0, false);
      });

      it("huge: an answer of 30 MB arrives whole", async () => {
        const seen = await ask(world, { model, fault: "huge-30" });
        expect(seen.answer.json().choices[0].message.content).to.have.length(30 * 1024 * 1024);
        expectCharged(seen, { outcome: "completed" }, 100, false);
      });

      it("huge: an answer above what Envoy may hold is 502, not memory without end", async () => {
        const seen = await ask(world, { model, fault: "huge-51" });
        const error = expectError(seen, { status: 502, type: "server_error", code: "upstream_answer_too_large" });
        expect(error.message).to.contain("larger than the 52428800 bytes");
        expectCharged(seen, { outcome: "aborted" }, seen.estimatedInput, true);
      });

      it("gzip: an answer that grows above what Envoy may hold is 502, and charged as the provider says", async () => {
        const seen = await ask(world, { model, fault: "gzip", headers: { "x-mock-chunks": String(51 * 1024 * 1024) } });
        expectError(seen, { status: 502, type: "server_error", code: "upstream_answer_too_large" });
        expectCharged(seen, { outcome: "failed", code: "upstream_answer_too_large", status: 502 }, 100, false);
      });

      it("reset-mid: nothing of the half is passed on", async () => {
        const seen = await ask(world, { model, fault: "reset-mid" });
        expectError(seen, { status: 502, type: "server_error", code: "upstream_unavailable" });
        expectCharged(seen, { outcome: "aborted" }, seen.estimatedInput, true);
        expect(seen.line).not.to.have.property("status");
      });

      it("reset: nothing was answered, so nothing is charged (L7)", async () => {
        const seen = await ask(world, { model, fault: "reset" });
        const error = expectError(seen, { status: 503, type: "server_error", code: "upstream_unavailable" });
        expect(error.message).to.contain(`tried ai-services/${name}-backend`);
        expectCharged(seen, { outcome: "unanswered", status: 503 }, 0, false);
      });
    });

    describe(`${name}, streams`, () => {
      for (const [fault, code] of [
        ["html", "bad_upstream_json"],
        ["wrong-content-type", "bad_upstream_json"],
        ["headers-only", "upstream_truncated"],
      ] as const) {
        it(`${fault}: 502 in JSON, because no byte has gone out`, async () => {
          const seen = await ask(world, { model, fault, stream: true });
          expectError(seen, { status: 502, type: "server_error", code });
          expectCharged(seen, { outcome: "failed", code, status: 502 }, seen.estimatedInput, true);
        });
      }

      it("error-body-200: 502 with the provider's message", async () => {
        const seen = await ask(world, { model, fault: "error-body-200", stream: true });
        const error = expectError(seen, { status: 502, type: "server_error", code: errorBody.code });
        expect(error.message).to.equal(errorBody.message);
      });

      it("no-usage: charged by what was streamed, and marked (L6)", async () => {
        const seen = await ask(world, { model, fault: "no-usage", stream: true });
        expectWhole(seen, true);
        expectCharged(seen, { outcome: "completed" }, seen.estimatedInput + saidTokens, true);
      });

      it("negative-usage: never a negative charge (R151)", async () => {
        const seen = await ask(world, { model, fault: "negative-usage", stream: true });
        expectWhole(seen, true);
        const total = seen.estimatedInput + backend.negativeStreamOutput;
        expectCharged(seen, { outcome: "completed" }, total, true);
      });

      it("gzip: read, and passed on decompressed (R34)", async () => {
        const seen = await ask(world, { model, fault: "gzip", stream: true });
        expectWhole(seen, true);
        expectCharged(seen, { outcome: "completed" }, 100, false);
      });

      it("401: JSON with the provider's status", async () => {
        const seen = await ask(world, { model, fault: "401", stream: true });
        expectError(seen, { status: 401, type: "authentication_error", code: "upstream_authentication" });
        expectCharged(seen, { outcome: "failed", code: "upstream_authentication", status: 401 }, 0, false);
      });

      it("truncate: what came, then one error event and no [DONE] (R155)", async () => {
        const seen = await ask(world, { model, fault: "truncate", stream: true });
        expectErrorEvent(seen, { type: "server_error", code: "upstream_truncated" });
        expect(contentOf(seen.answer)).to.equal(said);
        expect(seen.broken).to.equal(false);
        const total = backend.streamInput(seen.estimatedInput) + saidTokens;
        expectCharged(seen, { outcome: "failed", code: "upstream_truncated" }, total, true);
        expect(seen.access["error_type"]).to.equal("upstream_truncated");
      });

      it("error-mid: the provider's error as the client's last event, charged for what came before (R150, R154)", async () => {
        const seen = await ask(world, { model, fault: "error-mid", stream: true });
        expectErrorEvent(seen, backend.errorEvent);
        expect(contentOf(seen.answer)).to.equal("Hello from");
        const total = backend.streamInput(seen.estimatedInput) + halfSaidTokens;
        expectCharged(seen, { outcome: "failed", code: backend.errorCode }, total, true);
      });

      it("error-first: the only event (R157)", async () => {
        const seen = await ask(world, { model, fault: "error-first", stream: true });
        expectErrorEvent(seen, backend.errorEvent);
        expect(seen.answer.events()).to.have.length(1);
        expectCharged(seen, { outcome: "failed", code: backend.errorCode }, seen.estimatedInput, true);
      });

      it("error-then-more: nothing follows the error, and the provider's stream is cancelled (R154)", async () => {
        const headers = { "x-mock-chunks": "8", "x-mock-chunk-delay": "100" };
        const seen = await ask(world, { model, fault: "error-then-more", stream: true, headers });
        expectErrorEvent(seen, backend.errorEvent);
        expect(contentOf(seen.answer)).to.equal("Hello from");
        const total = backend.streamInput(seen.estimatedInput) + halfSaidTokens;
        expectCharged(seen, { outcome: "failed", code: backend.errorCode }, total, true);
        const [received] = backend.mock(world).requests;
        await until("the provider's stream to be cancelled", () => received?.aborted);
      });

      it(`broken-json: an event that does not parse ${backend.brokenEvent}`, async () => {
        const seen = await ask(world, { model, fault: "broken-json", stream: true });
        if (backend.brokenEvent === "passes") {
          // same format on both sides: metering never breaks a stream (principle 14)
          expect(seen.answer.text).to.contain('data: {"id": "x", "choices": [\n\n');
          expect(seen.answer.text.endsWith("data: [DONE]\n\n")).to.equal(true);
          expectCharged(seen, { outcome: "completed" }, 100, false);
          return;
        }
        expectErrorEvent(seen, { type: "server_error", code: "bad_upstream_stream" });
        const total = backend.streamInput(seen.estimatedInput) + halfSaidTokens;
        expectCharged(seen, { outcome: "failed", code: "bad_upstream_stream" }, total, true);
      });

      it("reset-mid: the client's connection is cut without an end, charged for what came before", async () => {
        // with pauses: a reset that comes right after the headers finds that they have not gone out yet, and becomes 502
        const headers = { "x-mock-chunk-delay": "100" };
        const seen = await ask(world, { model, fault: "reset-mid", stream: true, headers });
        expect(seen.broken).to.equal(true);
        expect(seen.answer.text).not.to.match(/\[DONE\]|"error"/);
        expect(contentOf(seen.answer)).to.equal("Hello from");
        const total = backend.streamInput(seen.estimatedInput) + halfSaidTokens;
        expectCharged(seen, { outcome: "aborted", status: 200 }, total, true);
        expect(seen.access["details"]).to.match(/^upstream_reset_after_response_started/);
      });

      it("reset: JSON, because no byte has gone out; nothing is charged (L7)", async () => {
        const seen = await ask(world, { model, fault: "reset", stream: true });
        expectError(seen, { status: 503, type: "server_error", code: "upstream_unavailable" });
        expectCharged(seen, { outcome: "unanswered", status: 503 }, 0, false);
      });

      it("huge: 30 MB are streamed on as they come", async () => {
        const seen = await ask(world, { model, fault: "huge-30", stream: true });
        expect(contentOf(seen.answer)).to.have.length(30 * 1024 * 1024);
        expect(seen.answer.text.endsWith("data: [DONE]\n\n")).to.equal(true);
        expectCharged(seen, { outcome: "completed" }, 100, false);
      });
    });
  }

  it("a translated stream with an event too large to hold ends with an error event", async () => {
    const headers = { "x-mock-chunks": "1" };
    const seen = await ask(world, { model: claude, fault: "huge-17", stream: true, headers });
    expectErrorEvent(seen, { type: "server_error", code: "bad_upstream_stream" });
    expect(seen.line).to.include({ outcome: "failed", code: "bad_upstream_stream" });
  });

  for (const stream of [false, true]) {
    it(`keeps to itself which key the provider refused, though the provider quotes it (${stream ? "stream" : "JSON"}, R170)`, async () => {
      refusing.reset();
      const seen = await ask(world, { model: "refused", fault: "", stream });
      const error = expectError(seen, { status: 401, type: "authentication_error", code: "upstream_authentication" });
      expect(error.message).to.equal("the provider refused the gateway's credentials");
      expect(refusing.requests[0]?.headers["authorization"]).to.equal(`Bearer ${openaiKey}`);
      const told = JSON.stringify([seen.answer.headers, seen.answer.text]);
      const { session } = seen.line;
      expect(session).to.be.a("string");
      for (const secret of [openaiKey, openaiKey.slice(0, 8), openaiKey.slice(-4), String(session)]) {
        expect(told).not.to.contain(secret);
      }
      expect(JSON.stringify(world.log)).not.to.contain(openaiKey.slice(0, 8));
      expectCharged(seen, { outcome: "failed", code: "upstream_authentication" }, 0, false);
    });
  }
});
