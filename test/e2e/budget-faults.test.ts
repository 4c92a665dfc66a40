import { expect } from "chai";
import { backends } from "../support/bad-provider.ts";
import { budgetYaml, receiptOf, settled } from "../support/budget.ts";
import { hello, open } from "../support/client.ts";
import { routeYaml, startWorld, type World } from "../support/world.ts";

const route = routeYaml("llm-route", {
  "gpt-4o": ["openai-backend"],
  "claude-sonnet-4-20250514": ["anthropic-backend"],
  "anthropic.claude-sonnet-4-5-20250929-v1:0": ["bedrock-backend"],
});

const yaml = [
  budgetYaml("tokens", { amount: 10_000, unit: "Tokens" }),
  `
apiVersion: tollgate.dev/v1alpha1
kind: TollgateConfig
metadata: {name: tollgate}
spec: {defaults: {requestTimeout: 1s, streamIdleTimeout: 300ms}}
`,
].join("---\n");

/** What the mocks say that an answer used. */
const told = { input: 20, output: 12 };
/** The client's maximum, and the most that its input can have. */
const most = 100 + 60;

/** `told`: exactly what the provider billed; `free`: nothing; `most`: never more than the request may use. */
type Booked = "told" | "free" | "most";
const faults: Readonly<Record<string, { readonly json: Booked; readonly stream: Booked }>> = {
  "": { json: "told", stream: "told" },
  "429": { json: "free", stream: "free" },
  "500": { json: "free", stream: "free" },
  "slow-100": { json: "told", stream: "told" },
  slow: { json: "most", stream: "most" },
  reset: { json: "most", stream: "most" },
  "reset-mid": { json: "most", stream: "most" },
  truncate: { json: "most", stream: "most" },
  "error-mid": { json: "told", stream: "most" },
  "error-then-more": { json: "told", stream: "most" },
  "error-first": { json: "told", stream: "most" },
  html: { json: "most", stream: "most" },
  "broken-json": { json: "most", stream: "most" },
  "error-body-200": { json: "most", stream: "most" },
  "wrong-content-type": { json: "most", stream: "most" },
  "no-usage": { json: "most", stream: "most" },
  "negative-usage": { json: "most", stream: "most" },
  gzip: { json: "most", stream: "most" },
  "headers-only": { json: "most", stream: "most" },
  silent: { json: "most", stream: "most" },
  endless: { json: "told", stream: "most" },
  "corrupt-frame": { json: "told", stream: "most" },
};

describe("what a Hard budget books of providers that fail", function () {
  this.timeout(60_000);
  let world: World;

  before(async () => {
    world = await startWorld({ yaml, route });
  });
  after(() => world?.close());

  async function booked(fault: string, stream: boolean, { name, model, mock }: (typeof backends)[number]) {
    const user = `${name}-${fault}-${stream}`;
    mock(world).reset();
    const headers = {
      "x-ai-eg-model": model,
      "x-user-id": user,
      "x-request-id": user,
      "x-mock-usage": `${told.input},${told.output}`,
      "x-mock-fault": fault,
    };
    const body = { ...hello, stream, max_completion_tokens: 100 };
    const response = await open(world.url, { headers, body }).response;
    await new Promise((resolve) => response.resume().once("close", resolve));
    const { spent, overrun } = await settled(world, "tokens", user);
    const { attempts } = await receiptOf(world, user);
    return {
      provider: name,
      status: response.statusCode,
      booked: Number(spent) + Number(overrun),
      billed: mock(world).bill().total.total,
      verdicts: attempts.map(({ verdict }) => verdict),
    };
  }

  for (const [fault, expected] of Object.entries(faults)) {
    for (const stream of [false, true]) {
      it(`${fault === "" ? "no fault" : fault}, ${stream ? "stream" : "JSON"}: at least what was billed, and no more than can be (L31, L32)`, async () => {
        const all = await Promise.all(backends.map((backend) => booked(fault, stream, backend)));
        if (process.env.SHOW) console.log(JSON.stringify(all));
        const kind = stream ? expected.stream : expected.json;
        for (const one of all) {
          const text = JSON.stringify(one);
          expect(one.booked, text).to.be.at.least(one.billed);
          if (kind === "told") expect(one.booked, text).to.equal(one.billed);
          if (kind === "free") expect(one.booked, text).to.equal(0);
          if (kind === "most") expect(one.booked, text).to.be.at.most(most);
        }
      });
    }
  }
});
