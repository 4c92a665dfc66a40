import { expect } from "chai";
import { type Answer, chat, send } from "../support/client.ts";
import { type Served, startServed } from "../support/served.ts";
import { until } from "../support/wait.ts";
import { startMocks } from "../support/world.ts";

/** No request may take longer, whatever happens to the gateway. */
const hangMs = 15_000;

describe("the gateway killed and restarted under load", function () {
  this.timeout(120_000);
  let mocks: Awaited<ReturnType<typeof startMocks>>;
  let served: Served;

  before(async () => {
    mocks = await startMocks();
    served = await startServed(mocks.resources);
  });
  after(async () => {
    await served?.close();
    await mocks?.close();
  });

  it("no request hangs; while it is away Envoy answers 503 as JSON with a request id; afterwards all is well", async () => {
    const answers: (Answer | "aborted")[] = [];
    let slowestMs = 0;
    let running = true;
    const loops = Array.from({ length: 24 }, async (_, loop) => {
      while (running) {
        const startedMs = Date.now();
        const answer = await chat(served.url, "gpt-4o", {
          headers: { "x-mock-chunk-delay": "5", "x-mock-delay": "10" },
          body: loop % 2 === 0 ? { stream: true } : {},
        }).catch(() => "aborted" as const);
        slowestMs = Math.max(slowestMs, Date.now() - startedMs);
        answers.push(answer);
      }
    });
    const statusesSince = (start: number): unknown[] =>
      answers.slice(start).map((answer) => (answer === "aborted" ? answer : answer.status));

    await until("answers", () => answers.length > 100);
    expect(new Set(statusesSince(0))).to.deep.equal(new Set([200]));
    await served.kill();
    const away = answers.length;
    const message = { model: "gpt-4o", max_tokens: 9, messages: [{ role: "user", content: "Hi" }] };
    const refused = await send(served.url, { path: "/anthropic/v1/messages", body: message });
    expect(refused.status, refused.text).to.equal(503);
    expect(refused.json())
      .to.deep.include({ type: "error" })
      .and.to.have.nested.property("error.type", "overloaded_error");
    await until("refusals", () => statusesSince(away).filter((status) => status === 503).length > 100);
    await served.start();
    const back = answers.length;
    await until("answers again", () => statusesSince(back).filter((status) => status === 200).length > 100);
    running = false;
    await Promise.all(loops);

    const other = answers.filter((answer) => answer !== "aborted" && answer.status !== 200) as Answer[];
    for (const { status, headers, text, json } of other) {
      expect(status, text).to.equal(503);
      expect(headers["content-type"]).to.contain("application/json");
      expect(json().error.message).to.contain("the gateway could not complete the request");
      expect(json().error.request_id).to.have.length.greaterThan(8);
    }
    expect(slowestMs).to.be.lessThan(hangMs);
    // streams whose headers had left when the gateway died end with their connection; never more than were open
    expect(answers.filter((answer) => answer === "aborted").length).to.be.at.most(24);
    expect((await chat(served.url, "gpt-4o")).status).to.equal(200);
  });
});
