import { expect } from "chai";
import { foldChatStream } from "../common/chat-stream.ts";
import { answersOfBothKinds, readFixture } from "./fixtures.ts";

/** Told in the header of JSON answers, but at the end of streams, when every chunk has left without it. */
const toldTooLate = new Set(["service-tier-told"]);
/** No answer in either kind. */
const failing = new Set(["stop-malformed-tool-use", "stop-malformed-model-output"]);

describe("AWS Bedrock answers as stream and as JSON", () => {
  const names = answersOfBothKinds();

  it("exist in both kinds", () => expect(names).to.have.length.above(25));

  for (const name of names.filter((candidate) => !failing.has(candidate))) {
    it(`fold to the same object: ${name} (R143)`, () => {
      const folded = foldChatStream(readFixture(`${name}-stream`, "client-response.sse"));
      const whole = JSON.parse(readFixture(`${name}-json`, "client-response.json")) as Record<string, unknown>;
      expect(folded.done).to.equal(true);
      if (toldTooLate.has(name)) delete whole["service_tier"];
      // argument texts are the provider's, whose spaces differ between these two
      expect(parseArguments(folded.answer)).to.deep.equal(parseArguments(whole));
    });
  }
});

function parseArguments(answer: Record<string, unknown>): unknown {
  return JSON.parse(JSON.stringify(answer), (key, value: unknown) =>
    key === "arguments" ? (JSON.parse(String(value)) as unknown) : value,
  );
}
