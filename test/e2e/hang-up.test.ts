import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { expect } from "chai";
import type { RunningMock } from "../../src/mocks/start-mock.ts";
import { chat, hello, open } from "../support/client.ts";
import { policyYaml } from "../support/policy.ts";
import { until } from "../support/wait.ts";
import { startWorld, type World } from "../support/world.ts";

const limit = 1_000_000;
const pieces = 80;
const charactersPerPiece = 100;
const tokensPerPiece = charactersPerPiece / 4;

/** Reads until `wanted` content events have come. */
async function readEvents(response: IncomingMessage, wanted: number): Promise<number> {
  let text = "";
  const contents = (): number => text.split('"content":"').length - 1;
  while (contents() < wanted) {
    const [chunk] = (await once(response, "data")) as [Buffer];
    text += chunk.toString("utf8");
  }
  return contents();
}

describe("a client that hangs up in the middle of a stream", function () {
  this.timeout(60_000);
  let world: World;

  before(async () => {
    world = await startWorld({ yaml: policyYaml("users", [{ requests: limit, selectors: ["x-user-id"] }]) });
  });
  after(() => world?.close());

  async function charged(user: string): Promise<number> {
    const { headers } = await chat(world.url, "gpt-4o", { headers: { "x-user-id": user, "x-mock-usage": "0,0" } });
    return limit - Number(headers["x-ratelimit-remaining"]);
  }

  /** Starts a slow stream and leaves after a fifth of it. */
  async function hangUp(model: string, user: string, mock: RunningMock): Promise<void> {
    mock.reset();
    const { request, response } = open(world.url, {
      headers: {
        "x-ai-eg-model": model,
        "x-user-id": user,
        "x-request-id": user,
        "x-mock-text": "word ".repeat((pieces * charactersPerPiece) / 5),
        "x-mock-chunks": String(pieces),
        "x-mock-chunk-delay": "10",
      },
      body: { ...hello, stream: true },
    });
    await readEvents(await response, pieces / 5);
    request.destroy();
    await until("the provider's stream to be cancelled", () => mock.requests[0]?.aborted === true);
  }

  for (const model of ["gpt-4o", "claude-sonnet-4-20250514"]) {
    it(`is charged for what was streamed, and the provider is told to stop: ${model} (L6)`, async () => {
      const mock = model === "gpt-4o" ? world.openai : world.anthropic;
      const user = `leaver-${model}`;
      await hangUp(model, user, mock);
      const billed = mock.bill().total;
      expect(billed.output).to.be.lessThan(pieces * tokensPerPiece * 0.8);
      const line = await world.access(({ request_id }) => request_id === user);
      // what the provider sent and Envoy, the exchange or the client had not yet passed on may be missing
      expect(line["llm_output_token"]).to.be.within(billed.output - 6 * tokensPerPiece, billed.output);
      expect(line["llm_output_token"]).to.be.at.least((pieces / 5) * tokensPerPiece - 2 * tokensPerPiece);
      expect(line["usage_estimated"]).to.equal(true);
      // the counter holds exactly what Envoy last knew
      expect(await charged(user)).to.equal(line["llm_total_token"]);
      const logged = await world.requestLog((candidate) => candidate["x-user-id"] === user);
      expect(logged).to.include({ outcome: "aborted", usage_estimated: true });
    });
  }

  it("is charged the estimated input when it leaves before the answer begins", async () => {
    world.openai.reset();
    const { request, response } = open(world.url, {
      headers: { "x-ai-eg-model": "gpt-4o", "x-user-id": "early", "x-request-id": "early", "x-mock-fault": "slow" },
      body: { ...hello, stream: true },
    });
    response.catch(() => undefined);
    await until("the request to reach the provider", () => world.openai.requests.length === 1);
    request.destroy();
    await until("the provider's stream to be cancelled", () => world.openai.requests[0]?.aborted === true);
    const line = await world.access(({ request_id }) => request_id === "early");
    expect(line["llm_output_token"]).to.equal(0);
    expect(line["llm_total_token"]).to.be.greaterThan(0);
    expect(await charged("early")).to.equal(line["llm_total_token"]);
  });

  it("leaves no session behind", async () => {
    await until("every session to end", () => world.gateway.sessions.size === 0);
  });
});
