import { expect } from "chai";
import { type RunningMock, startMock } from "../../src/mocks/start-mock.ts";
import { anthropicCall, openaiCall, openaiKey } from "./calls.ts";
import { type Answer, events, eventually, open, send } from "./http.ts";

/** Settles with the message of a request that broke before its headers. */
async function failure(answer: Promise<Answer>): Promise<string> {
  return await answer.then(
    ({ status }) => `answered ${status}`,
    (error: Error) => error.message,
  );
}

describe("startMock", () => {
  let mock: RunningMock;
  beforeEach(async () => {
    mock = await startMock({ provider: "OpenAI", apiKey: openaiKey });
  });
  afterEach(() => mock.close());

  const call = (fault: string, body: object = {}) => openaiCall({ headers: { "x-mock-fault": fault }, body });
  const stream = (fault: string) => call(fault, { stream: true });

  it("says clearly that a port is taken", async () => {
    const error = await startMock({ provider: "Anthropic", port: mock.port }).catch((reason: unknown) => reason);
    expect(error)
      .to.be.an("error")
      .with.property("message", `the Anthropic mock cannot listen on 127.0.0.1:${mock.port}: the port is taken`);
  });

  it("records what it received, names in lower case, and forgets on reset", async () => {
    await send(mock, openaiCall({ headers: { "X-Custom": "Value" } }));
    expect(mock.requests).to.have.lengthOf(1);
    const [request] = mock.requests;
    expect(request).to.include({ method: "POST", path: "/v1/chat/completions", aborted: false });
    expect(request?.headers["x-custom"]).to.equal("Value");
    expect(JSON.parse(request?.body.toString() ?? "")).to.have.property("model", "gpt-4o");
    mock.reset();
    expect(mock.requests).to.deep.equal([]);
  });

  it("keeps the last thousand requests", async () => {
    for (let index = 0; index < 1_003; index++) await send(mock, { method: "GET", path: `/${index}` });
    expect(mock.requests).to.have.lengthOf(1_000);
    expect(mock.requests[0]?.path).to.equal("/3");
  });

  it("serves the bill, the requests without header values, and a reset", async () => {
    const page = async (method: string, path: string) =>
      JSON.parse((await send(mock, { method, path })).text) as Record<string, unknown>;
    await send(mock, openaiCall({ headers: { "x-mock-usage": "60,40" } }));
    const line = { requests: 1, input: 60, output: 40, total: 100 };
    const bill = await page("GET", "/bill");
    expect(bill).to.deep.equal(mock.bill());
    expect(bill["total"]).to.deep.equal(line);
    expect(Object.values(bill["credentials"] as object)).to.deep.equal([line]);
    expect(JSON.stringify(bill)).not.to.include(openaiKey);
    const { text } = await send(mock, { method: "GET", path: "/requests" });
    expect(text).to.include('"authorization"').and.not.include(openaiKey);
    await page("POST", "/reset");
    expect((await page("GET", "/bill"))["total"]).to.deep.equal({ requests: 0, input: 0, output: 0, total: 0 });
  });

  it("keeps a bill for each credential", async () => {
    const any = await startMock({ provider: "OpenAI" });
    try {
      for (const key of ["a", "b", "a"]) {
        await send(any, openaiCall({ headers: { authorization: `Bearer ${key}`, "x-mock-usage": "2,1" } }));
      }
      expect(Object.values(any.bill().credentials).map(({ requests }) => requests)).to.deep.equal([2, 1]);
      expect(any.bill().total).to.deep.equal({ requests: 3, input: 6, output: 3, total: 9 });
    } finally {
      await any.close();
    }
  });

  it("charges nothing for what it refused and for what failed before an answer", async () => {
    await send(mock, openaiCall({ headers: { authorization: "Bearer wrong" } }));
    for (const fault of ["429", "html", "broken-json", "error-body-200", "headers-only"]) await send(mock, call(fault));
    await send(mock, stream("error-first"));
    await failure(send(mock, call("reset")));
    expect(mock.bill().total.requests).to.equal(0);
  });

  it("charges an aborted stream for the input and the output written until then", async () => {
    const headers = { "x-mock-usage": "60,40", "x-mock-chunks": "10", "x-mock-chunk-delay": "60000" };
    const watched = open(mock, openaiCall({ body: { stream: true }, headers }));
    await eventually("the first content", () => mock.bill().total.output > 0);
    watched.request.destroy();
    await eventually("the abort", () => mock.requests[0]?.aborted === true);
    expect(mock.bill().total).to.deep.equal({ requests: 1, input: 60, output: 4, total: 64 });
  });

  it("charges nothing to a client that left before the answer", async () => {
    const watched = open(mock, openaiCall({ headers: { "x-mock-delay": "60000" } }));
    await eventually("the request", () => mock.requests.length === 1);
    watched.request.destroy();
    await eventually("the abort", () => mock.requests[0]?.aborted === true);
    await send(mock, openaiCall({ headers: { "x-mock-usage": "1,1" } }));
    expect(mock.bill().total.requests).to.equal(1);
  });

  for (const [status, type] of [
    [401, "invalid_request_error"],
    [500, "server_error"],
    [529, "server_error"],
  ] as const) {
    it(`answers ${status} when told to, by header and by the model's name`, async () => {
      const byHeader = await send(mock, call(String(status)));
      const byModel = await send(mock, openaiCall({ body: { model: `gpt-mock-${status}-turbo` } }));
      for (const answer of [byHeader, byModel]) {
        expect(answer.status).to.equal(status);
        expect(JSON.parse(answer.text)).to.have.nested.property("error.type", type);
      }
    });
  }

  it("says when to come back with a 429", async () => {
    const { status, headers } = await send(mock, call("429"));
    expect(status).to.equal(429);
    expect(headers["retry-after"]).to.equal("1");
  });

  it("takes its own part of a fault for several providers", async () => {
    expect((await send(mock, call("openai=503;anthropic=500"))).status).to.equal(503);
    expect((await send(mock, call("anthropic=500"))).status).to.equal(200);
    const anthropic = await startMock({ provider: "Anthropic" });
    const headers = { "x-mock-fault": "openai=503;anthropic=529" };
    expect((await send(anthropic, anthropicCall({ headers }))).status).to.equal(529);
    await anthropic.close();
  });

  it("fails only the first requests of a key when told how many", async () => {
    const told = async (key: string): Promise<number> => {
      const headers = { "x-mock-fault": "500", "x-mock-fault-count": "2", "x-mock-key": key };
      return (await send(mock, openaiCall({ headers }))).status;
    };
    expect([await told("a"), await told("a"), await told("b"), await told("a")]).to.deep.equal([500, 500, 500, 200]);
  });

  it("does not answer until the client leaves (slow), or later (slow-<ms>)", async () => {
    const watched = open(mock, call("slow"));
    await eventually("the request", () => mock.requests.length === 1);
    watched.request.destroy();
    await eventually("the abort", () => mock.requests[0]?.aborted === true);
    expect((await send(mock, call("slow-5"))).status).to.equal(200);
    expect(mock.bill().total.requests).to.equal(1);
  });

  it("closes before the headers (reset) and is not aborted by the client then", async () => {
    expect(await failure(send(mock, call("reset")))).to.equal("socket hang up");
    expect(mock.requests[0]?.aborted).to.equal(false);
  });

  it("breaks in the middle (reset-mid)", async () => {
    const json = await send(mock, call("reset-mid"));
    expect(json.broken).to.equal(true);
    expect(json.body.length).to.be.greaterThan(0);
    const streamed = await send(mock, stream("reset-mid"));
    expect(streamed.broken).to.equal(true);
    expect(events(streamed.text)).to.have.lengthOf(3);
  });

  it("ends cleanly too early (truncate)", async () => {
    const json = await send(mock, call("truncate"));
    expect(json.broken).to.equal(false);
    expect(() => JSON.parse(json.text)).to.throw();
    const streamed = await send(mock, stream("truncate"));
    expect(streamed.broken).to.equal(false);
    expect(streamed.text).not.to.match(/\[DONE\]|"finish_reason":"/);
    expect(events(streamed.text)).to.have.lengthOf(5);
  });

  it("sends its own error event in the middle (error-mid) and as the first (error-first)", async () => {
    const middle = events((await send(mock, stream("error-mid"))).text);
    expect(middle).to.have.lengthOf(4);
    expect(middle.at(-1)).to.have.nested.property("error.type", "server_error");
    expect(mock.bill().total, "half of what was to be said").to.include({ requests: 1, input: 4, output: 3 });
    const more = events((await send(mock, stream("error-then-more"))).text);
    expect(more.slice(0, 4), "the same, and the rest after it").to.deep.equal(middle);
    expect(more.at(-1)).to.have.nested.property("choices[0].finish_reason", "stop");
    const first = events((await send(mock, stream("error-first"))).text);
    expect(first.map((event) => Object.keys(event))).to.deep.equal([["error"]]);
  });

  it("answers 200 with what is no answer (html, broken-json, error-body-200, headers-only)", async () => {
    const html = await send(mock, call("html"));
    expect(html.headers["content-type"]).to.equal("text/html");
    const broken = await send(mock, call("broken-json"));
    expect(() => JSON.parse(broken.text)).to.throw();
    const brokenStream = await send(mock, stream("broken-json"));
    expect(() => events(brokenStream.text)).to.throw();
    const error = await send(mock, call("error-body-200"));
    expect(JSON.parse(error.text)).to.have.property("error");
    const empty = await send(mock, stream("headers-only"));
    expect(empty.headers["content-type"]).to.match(/^text\/event-stream/);
    for (const { status } of [html, broken, brokenStream, error, empty]) expect(status).to.equal(200);
    expect(empty.body).to.have.lengthOf(0);
  });

  it("tells another content type, no usage, negative usage, and compresses unasked", async () => {
    for (const make of [call, stream]) {
      expect((await send(mock, make("wrong-content-type"))).headers["content-type"]).to.equal("text/plain");
      const zipped = await send(mock, make("gzip"));
      expect(zipped.headers["content-encoding"]).to.equal("gzip");
      expect([...zipped.body.subarray(0, 2)]).to.deep.equal([0x1f, 0x8b]);
    }
    expect((await send(mock, call("no-usage"))).text).not.to.include("usage");
    const negative = JSON.parse((await send(mock, call("negative-usage"))).text) as object;
    expect(negative).to.have.nested.property("usage.prompt_tokens", -5);
    expect(mock.bill().total, "the bill is honest").to.deep.equal({ requests: 6, input: 24, output: 30, total: 54 });
  });

  it("says nothing after the headers (silent)", async () => {
    const watched = open(mock, stream("silent"));
    await watched.received(0);
    expect(mock.bill().total).to.include({ input: 4, output: 0 });
    watched.request.destroy();
    await eventually("the abort", () => mock.requests[0]?.aborted === true);
  });

  it("never ends, and charges what it said (endless)", async () => {
    const watched = open(mock, stream("endless"));
    await watched.received(1_000);
    watched.request.destroy();
    await eventually("the abort", () => mock.requests[0]?.aborted === true);
    const { output } = mock.bill().total;
    expect(output).to.be.within(4, 100);
  });

  it("answers as much as told to (huge)", async () => {
    const { body } = await send(mock, call("huge-2"));
    expect(body.length).to.be.within(2 * 1024 * 1024, 2 * 1024 * 1024 + 1_000);
  });

  it("writes pieces of the size asked for, and the same bytes", async () => {
    for (const body of [{}, { stream: true }]) {
      const whole = await send(mock, openaiCall({ body }));
      const split = await send(mock, openaiCall({ body, headers: { "x-mock-split": "7" } }));
      expect(split.text).to.equal(whole.text);
    }
  });

  it("pauses before the headers and between chunks", async () => {
    const started = Date.now();
    const headers = { "x-mock-delay": "20", "x-mock-chunk-delay": "10", "x-mock-chunks": "3" };
    await send(mock, openaiCall({ body: { stream: true }, headers }));
    expect(Date.now() - started).to.be.at.least(45);
  });
});
