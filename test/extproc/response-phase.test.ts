import { expect } from "chai";
import { ResponsePhase } from "../../src/extproc/response-phase.ts";
import type { ExchangeTools } from "../../src/extproc/tools.ts";
import { utf8Bytes } from "../../src/lib/bytes.ts";
import { makeBudgetRule } from "../support/budget-rule.ts";
import { attemptAt, makePaying, openai } from "./paying.ts";
import { makeTranslator } from "./support.ts";

const tokens = makeBudgetRule("ai/tokens");
const attributes = { all: { fields: { "response.code_details": { stringValue: "via_upstream" } } } };
const head = { headers: { headers: [{ key: ":status", value: "200" }] } };

/** A stream that holds less than it may cost, once its piece has come: 2,000 bytes, and 12 tokens are told. */
async function streamed(piece: string) {
  const { session, tools } = await makePaying([tokens], { amounts: [1_000n], sliced: true });
  const translator = makeTranslator({
    responseHeaders: () => ({ headers: { set: {}, remove: [] }, stream: true }),
    responseBody: () => ({ body: undefined, outputBytes: 2_000, usage: { input: 5, output: 7 } }),
  });
  session.attempts.push({ ...attemptAt(openai, { bound: { inputTokens: 100, outputTokens: 5_000 } }), translator });
  // nothing else of the tools is used
  const phase = new ResponsePhase(session, tools as unknown as ExchangeTools);
  phase.headers({ attributes }, head);
  const { response, outcome } = await phase.body({ body: utf8Bytes(piece), end_of_stream: false });
  const mutation = response?.response_body?.response.body_mutation;
  return {
    ended: session.attempts[0]?.ended,
    outcome: outcome?.kind,
    isLast: mutation !== undefined && "streamed_response" in mutation && mutation.streamed_response.end_of_stream,
  };
}

describe("ResponsePhase", () => {
  it("cuts a stream off whose budget ends (L34)", async () => {
    expect(await streamed("data: {}\n\n")).to.deep.equal({ ended: "streaming", outcome: "failed", isLast: true });
  });

  it("cuts nothing off that has said everything: what was told is what it cost (L34)", async () => {
    expect(await streamed("data: {}\n\ndata: [DONE]\n\n")).to.deep.equal({
      ended: "answered",
      outcome: undefined,
      isLast: false,
    });
  });
});
