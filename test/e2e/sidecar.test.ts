import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { expect } from "chai";
import { chat, hello, open, send } from "../support/client.ts";
import { anthropicKey, openaiKey, type Sidecar, startSidecar } from "../support/sidecar.ts";
import { until } from "../support/wait.ts";

const streams = "cluster.tollgate.upstream_rq_total";

describe("envoy/envoy.yaml with tollgate serve", function () {
  this.timeout(60_000);
  let sidecar: Sidecar;

  before(async () => {
    sidecar = await startSidecar();
  });
  after(() => sidecar?.close());
  beforeEach(() => {
    sidecar.openai.reset();
    sidecar.anthropic.reset();
  });

  /** How many ext_proc streams (and rate-limit calls) a request costs, without the attempt log's one. */
  async function streamsOf(request: () => Promise<unknown>): Promise<number> {
    const before = await sidecar.envoyStat(streams);
    await request();
    return (await sidecar.envoyStat(streams)) - before;
  }

  describe("answers", () => {
    it("answers the tutorial's curl, which names the model in a header only", async () => {
      const answer = await send(sidecar.url, {
        headers: { "x-ai-eg-model": "gpt-4o", "x-mock-usage": "60,40" },
        body: '{"messages": [{"role": "user", "content": "Hello"}]}',
      });
      expect(answer.status, answer.text).to.equal(200);
      expect(answer.json().choices[0].message.content).to.equal("Hello from the mock.");
      expect(answer.headers).to.include({ "x-ai-provider": "openai", "x-ai-gateway-tokens-used": "100" });
      const [received] = sidecar.openai.requests;
      expect(JSON.parse(received?.body.toString() ?? "").model).to.equal("gpt-4o");
      expect(received?.headers["authorization"]).to.equal(`Bearer ${openaiKey}`);
    });

    it("routes by the model wherever the client wrote it, and takes plain clusters", async () => {
      const answer = await send(sidecar.url, { body: { ...hello, model: "claude-sonnet-4-20250514" } });
      expect(answer.status, answer.text).to.equal(200);
      expect(answer.headers["x-ai-provider"]).to.equal("anthropic");
      expect(sidecar.openai.requests).to.have.length(0);
    });

    it("streams piece by piece", async () => {
      const answer = await chat(sidecar.url, "gpt-4o-mini", { body: { stream: true } });
      expect(answer.headers["content-type"]).to.contain("text/event-stream");
      expect(answer.events().map((event) => event.choices[0]?.delta?.content ?? "")).to.have.length.above(3);
      expect(answer.text.endsWith("data: [DONE]\n\n")).to.equal(true);
    });

    it("refuses models without a route, and leaves other paths of the listener alone", async () => {
      const unknown = await chat(sidecar.url, "gpt-unheard-of");
      expect(unknown.status).to.equal(404);
      expect(unknown.json().error.message).to.contain("gpt-unheard-of");
      const other = await streamsOf(async () => {
        const answer = await send(sidecar.url, { path: "/other/page", method: "GET" });
        expect(answer).to.include({ status: 200, text: "not for an LLM\n" });
      });
      expect(other).to.equal(0);
    });

    it("tells costs in Envoy's access log, under the session that Tollgate's log has", async () => {
      await chat(sidecar.url, "gpt-4o", { headers: { "x-request-id": "costs", "x-mock-usage": "60,40" } });
      const line = await sidecar.requestLog((one) => one["model"] === "gpt-4o" && one["status"] === 200);
      expect(line["attempts"]).to.deep.equal([{ backend: "ai-services/openai-backend", status: 200, outcome: "ok" }]);
      const access = await sidecar.access((one) => one["session"] === line["session"]);
      expect(access).to.include({ cluster: "ai-services/openai-backend", llm_input_token: 60, llm_total_token: 100 });
    });
  });

  describe("the attempt filter", () => {
    it("is skipped where Envoy chose the backend that Tollgate expected: one ext_proc exchange", async () => {
      expect(await streamsOf(() => chat(sidecar.url, "gpt-4o-mini"))).to.equal(1);
      expect(await streamsOf(() => chat(sidecar.url, "claude-sonnet-4-20250514"))).to.equal(1);
    });

    for (const stream of [false, true]) {
      it(`corrects another choice of the operator's route, ${stream ? "stream" : "JSON"}`, async () => {
        const exchanges = await streamsOf(async () => {
          const answer = await chat(sidecar.url, "gpt-4o", {
            headers: { "x-use-provider": "anthropic", "x-mock-usage": "60,40" },
            body: { stream },
          });
          expect(answer.status, answer.text).to.equal(200);
          expect(answer.headers).to.include({
            "x-ai-provider": "anthropic",
            "x-ai-model": "claude-sonnet-4-20250514",
            "x-ai-attempts": "1",
          });
          const kind = stream ? answer.events()[0].object : answer.json().object;
          expect(kind).to.equal(stream ? "chat.completion.chunk" : "chat.completion");
          if (!stream) expect(answer.json().usage.total_tokens).to.equal(100);
        });
        expect(exchanges).to.equal(2);
        expect(sidecar.openai.requests).to.have.length(0);
        const [received] = sidecar.anthropic.requests;
        expect(received?.path).to.equal("/v1/messages");
        expect(received?.headers["x-api-key"]).to.equal(anthropicKey);
        expect(received?.headers).to.not.have.property("authorization");
        expect(received?.headers["content-length"]).to.equal(String(received?.body.length));
        expect(JSON.parse(received?.body.toString() ?? "").model).to.equal("claude-sonnet-4-20250514");
      });
    }

    for (const fault of ["429", "500", "reset"]) {
      it(`translates for the second group of the operator's own fallback after ${fault}`, async () => {
        const answer = await chat(sidecar.url, "gpt-4o", { headers: { "x-mock-fault": `openai=${fault}` } });
        expect(answer.status, answer.text).to.equal(200);
        expect(answer.headers).to.include({ "x-ai-provider": "anthropic", "x-ai-attempts": "2" });
        expect(answer.json().object).to.equal("chat.completion");
        expect(JSON.stringify(sidecar.anthropic.requests[0]?.headers)).to.not.contain(openaiKey);
      });
    }

    it("translates again for a retry at the same cluster", async () => {
      const answer = await chat(sidecar.url, "claude-sonnet-4-20250514", {
        headers: { "x-mock-fault": "anthropic=529" },
      });
      expect(answer.status).to.equal(529);
      expect(answer.json().error).to.have.property("message");
      const bodies = sidecar.anthropic.requests.map(({ body }) => body.toString());
      expect(bodies).to.have.length(2);
      expect(bodies[1]).to.equal(bodies[0]);
    });

    it("gives the last error in the client's dialect when both groups fail", async () => {
      const answer = await chat(sidecar.url, "gpt-4o", { headers: { "x-mock-fault": "openai=500;anthropic=529" } });
      expect(answer.status).to.equal(529);
      expect(answer.json().error).to.have.property("type");
      expect(sidecar.openai.requests).to.have.length(1);
      expect(sidecar.anthropic.requests).to.have.length(1);
    });
  });

  describe("rate limits by slots in metadata", () => {
    const tokens = (user: string, headers: Readonly<Record<string, string>> = {}, body: object = {}) =>
      chat(sidecar.url, "gpt-4o", { headers: { "x-user-id": user, "x-mock-usage": "600,400", ...headers }, body });
    const remaining = async (user: string): Promise<string | undefined> =>
      (await tokens(user, { "x-mock-usage": "0,0" })).headers["x-ratelimit-remaining"];

    for (const stream of [false, true]) {
      it(`L13: 10,000 tokens at 1,000 per call: the 12th is the first refused, ${stream ? "streams" : "JSON"}`, async () => {
        const user = stream ? "streaming-ada" : "ada";
        for (let call = 1; call <= 11; call++) {
          const { status, text } = await tokens(user, {}, { stream });
          expect(status, `call ${call}: ${text}`).to.equal(200);
        }
        const refused = await tokens(user, {}, { stream });
        expect(refused.status).to.equal(429);
        expect(refused.json().error).to.include({ type: "rate_limit_error", code: "token_budget_exceeded" });
        expect(refused.json().error.message).to.contain("tokens-per-user").and.contain(user);
        expect(Number(refused.headers["retry-after"])).to.be.within(1, 3_600);
        expect(sidecar.openai.requests).to.have.length(11);
        expect((await tokens(`not ${user}`)).status).to.equal(200);
      });
    }

    it("charges what was used, whoever answered, and nothing when nobody did", async () => {
      await tokens("bob", { "x-mock-usage": "60,40" });
      expect(await remaining("bob")).to.equal("9900");
      await tokens("bob", { "x-mock-usage": "60,40", "x-mock-fault": "openai=500" });
      expect(await remaining("bob")).to.equal("9800");
      const unanswered = await tokens("bob", { "x-mock-fault": "reset" });
      expect(unanswered.status, unanswered.text).to.equal(503);
      expect(await remaining("bob")).to.equal("9800");
    });

    it("charges a client that hangs up for what it was sent", async () => {
      const { request, response } = open(sidecar.url, {
        headers: { "x-user-id": "eve", "x-mock-chunks": "1000", "x-mock-chunk-delay": "20" },
        body: { ...hello, model: "gpt-4o", stream: true },
      });
      const answer = await response;
      answer.on("error", () => undefined);
      await once(answer, "data");
      request.destroy();
      await until("the charge", async () => Number(await remaining("eve")) < 10_000);
    });

    it("applies several limits to a request, also those that count requests", async () => {
      const trial = { "x-team-id": "trial", "x-mock-usage": "6,4" };
      for (let call = 1; call <= 5; call++) expect((await tokens("tom", trial)).status, `call ${call}`).to.equal(200);
      const refused = await tokens("tom", trial);
      expect(refused.status).to.equal(429);
      expect(refused.json().error.message).to.contain("trial rule 1");
      expect((await tokens("tina", trial)).status).to.equal(200);
      expect(await remaining("tom")).to.equal("9950");
      expect(await sidecar.metrics()).to.not.match(/^tollgate_unknown_limit_total [1-9]/m);
    });
  });

  describe("header hygiene", () => {
    const spoofed = {
      "x-tollgate-backend": "ai-services/anthropic-backend",
      "x-tollgate-route": "ai-services/llm-route/claude",
      "x-tollgate-session": "0123456789abcdef0123456789abcdef",
      "x-tollgate-stream": "1",
      "x-ai-eg-model-internal": "1",
      "x-aigw-api-key": "mine",
      "x-envoy-max-retries": "0",
      "x-envoy-retry-on": "retriable-status-codes",
      "x-envoy-retriable-status-codes": "200",
      "x-envoy-upstream-rq-timeout-ms": "1",
    };

    it("spoofed internal headers change nothing", async () => {
      const plain = await chat(sidecar.url, "gpt-4o", { headers: { ...spoofed, "x-mock-delay": "50" } });
      expect(plain.status, plain.text).to.equal(200);
      expect(plain.headers).to.include({ "x-ai-provider": "openai", "x-ai-attempts": "1" });
      expect(sidecar.openai.requests).to.have.length(1);
      const corrected = await chat(sidecar.url, "gpt-4o", { headers: { ...spoofed, "x-use-provider": "anthropic" } });
      expect(corrected.status, corrected.text).to.equal(200);
      expect(sidecar.anthropic.requests[0]?.path).to.equal("/v1/messages");
      const fallback = await chat(sidecar.url, "gpt-4o", { headers: { ...spoofed, "x-mock-fault": "openai=500" } });
      expect(fallback.headers).to.include({ "x-ai-provider": "anthropic", "x-ai-attempts": "2" });
    });

    it("providers see neither internal nor identity headers, whether or not the request was corrected", async () => {
      const headers = { ...spoofed, "x-user-id": "ada-lovelace", "x-team-id": "engines" };
      await chat(sidecar.url, "gpt-4o-mini", { headers });
      await chat(sidecar.url, "gpt-4o-mini", { headers: { ...headers, "x-use-provider": "anthropic" } });
      for (const { requests } of [sidecar.openai, sidecar.anthropic]) {
        expect(requests).to.have.length(1);
        const names = Object.keys(requests[0]?.headers ?? {});
        const internal = /^x-(?:tollgate|ai|aigw|envoy|forwarded|user|team|use)-/;
        expect(names.filter((name) => internal.test(name))).to.deep.equal(["x-tollgate-session"]);
        expect(requests[0]?.headers["x-tollgate-session"]).to.not.equal(spoofed["x-tollgate-session"]);
      }
    });
  });

  describe("the reset guard", () => {
    it("renews its connections to Tollgate, and not one request fails for it", async () => {
      const before = await sidecar.envoyStat("cluster.tollgate.upstream_cx_max_requests");
      const statuses = new Map<number, number>();
      const client = async (): Promise<void> => {
        for (let call = 0; call < 200; call++) {
          const { status } = await chat(sidecar.url, "gpt-4o-mini");
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      };
      await Promise.all(Array.from({ length: 8 }, client));
      expect([...statuses]).to.deep.equal([[200, 1_600]]);
      expect(await sidecar.envoyStat("cluster.tollgate.upstream_cx_max_requests")).to.be.at.least(before + 3);
    });
  });

  describe("the process", () => {
    it("is replaced by 503 JSON while it is away, and works again when it is back", async () => {
      expect(await sidecar.serve.stop("SIGKILL")).to.deep.equal({ code: null, signal: "SIGKILL" });
      for (const body of [{}, { stream: true }]) {
        const answer = await chat(sidecar.url, "gpt-4o", { body });
        expect(answer.status).to.equal(503);
        expect(answer.headers["content-type"]).to.equal("application/json");
        expect(answer.json().error).to.include({ type: "server_error", code: 503 });
        expect(answer.text, "no place of this machine").to.not.contain(sidecar.socketPath);
        expect(answer.json().error.request_id).to.match(/^[0-9a-f-]{36}$/);
      }
      expect(sidecar.openai.requests).to.have.length(0);
      expect((await send(sidecar.url, { path: "/other/page", method: "GET" })).status).to.equal(200);
      expect(existsSync(sidecar.socketPath), "a killed process leaves its socket").to.equal(true);
      await sidecar.startServe();
      const answer = await chat(sidecar.url, "gpt-4o");
      expect(answer.status, answer.text).to.equal(200);
    });

    it("makes a socket that only its owner and group can use", () => {
      expect((statSync(sidecar.socketPath).mode & 0o777).toString(8)).to.equal("660");
    });

    it("finishes the requests in flight on SIGTERM, exits with 0 and removes its socket", async () => {
      const { response } = open(sidecar.url, {
        headers: { "x-mock-chunks": "40", "x-mock-chunk-delay": "25" },
        body: { ...hello, model: "gpt-4o", stream: true },
      });
      const answer = await response;
      let text = "";
      answer.on("data", (chunk: Buffer) => {
        text += chunk.toString("utf8");
      });
      await once(answer, "data");
      const stopped = sidecar.serve.stop("SIGTERM");
      await once(answer, "end");
      expect(text.endsWith("data: [DONE]\n\n"), text.slice(-200)).to.equal(true);
      expect(await stopped).to.deep.equal({ code: 0, signal: null });
      expect(existsSync(sidecar.socketPath)).to.equal(false);
      await sidecar.startServe();
    });
  });
});
