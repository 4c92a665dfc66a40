import { expect } from "chai";
import { foldChatStream } from "../common/chat-stream.ts";
import { answersOfBothKinds, readFixture } from "./fixtures.ts";

/** Cases whose stream really tells something else than the JSON (a placeholder counter that stays). */
const differentUsage = new Set(["usage-invalid"]);

describe("Anthropic answers as stream and as JSON", () => {
  const names = answersOfBothKinds();

  it("exist in both kinds", () => expect(names).to.have.length.above(20));

  for (const name of names) {
    it(`fold to the same object: ${name} (R143)`, () => {
      const folded = foldChatStream(readFixture(`${name}-stream`, "client-response.sse"));
      const whole = JSON.parse(readFixture(`${name}-json`, "client-response.json")) as { usage?: unknown };
      expect(folded.done).to.equal(true);
      if (differentUsage.has(name)) whole.usage = folded.answer["usage"];
      expect(folded.answer).to.deep.equal(whole);
    });
  }
});
