import { expect } from "chai";
import { chat } from "../support/client.ts";
import { startWorld, type World } from "../support/world.ts";

const models = ["gpt-4o", "claude-sonnet-4-20250514", "anthropic.claude-sonnet-4-5-20250929-v1:0"];
const tool = {
  type: "function",
  function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
};

/** As header bytes: the mock reads them as UTF-8. */
const text = Buffer.from("Grüße, 世界! 🙂").toString("latin1");

/** Without the times and ids that are made up for each answer. */
function comparable(text: string): string {
  return text.replaceAll(/"created":\d+/g, '"created":0').replaceAll(/"id":"[^"]*"/g, '"id":"x"');
}

describe("provider answers, cut anywhere", function () {
  this.timeout(60_000);
  let world: World;

  before(async () => {
    world = await startWorld();
  });
  after(() => world?.close());

  for (const model of models) {
    for (const stream of [true, false]) {
      for (const tools of [false, true]) {
        it(`give the client the same bytes: ${model}, ${stream ? "stream" : "JSON"}${tools ? ", tool call" : ""}`, async () => {
          const answers: string[] = [];
          for (const split of ["0", "1", "7", "64"]) {
            const answer = await chat(world.url, model, {
              headers: {
                "x-mock-split": split,
                "x-mock-text": text,
                ...(tools ? { "x-mock-tools": "1" } : {}),
              },
              body: { stream, ...(tools ? { tools: [tool] } : {}) },
            });
            expect(answer.status, answer.text).to.equal(200);
            answers.push(comparable(answer.text));
          }
          const [whole, ...cut] = answers;
          expect(whole).to.contain(tools ? "weather" : "ü");
          for (const answer of cut) expect(answer).to.equal(whole);
        });
      }
    }
  }
});
