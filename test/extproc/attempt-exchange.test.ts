import { expect } from "chai";
import { AttemptExchange } from "../../src/extproc/attempt-exchange.ts";
import type { ProcessingResponse } from "../../src/extproc/messages.ts";
import type { Session } from "../../src/extproc/session.ts";
import type { ExchangeTools } from "../../src/extproc/tools.ts";
import { makeRequest } from "../planning/support.ts";
import { makeBudgetRule } from "../support/budget-rule.ts";
import { anthropic, attemptAt, makePaying, makePlan, openai, reportOf } from "./paying.ts";
import { endpoint, makeTranslator } from "./support.ts";

const tokens = makeBudgetRule("ai/tokens");

const message = {
  request_headers: {},
  attributes: { attempt: { fields: { "xds.cluster_name": { stringValue: "ai/anthropic" } } } },
  metadata_context: { filter_metadata: { "tollgate.session": { fields: { id: { stringValue: "s" } } } } },
};

/** A second attempt, of a request whose first was not billed; `onSign` is called while it is prepared. */
async function attempted(held: bigint, onSign: (session: Session) => void = () => undefined) {
  const { session, tools, standing } = await makePaying([tokens], { amounts: [held] });
  session.asks({ ...makeRequest("gpt-4o"), maxOutputTokens: 200 });
  session.plan = makePlan({ budgets: session.plan?.budgets ?? [], attempts: [openai, anthropic] });
  session.attempts.push(attemptAt(openai));
  session.reports.push(reportOf(openai, 0));
  const answers: ProcessingResponse[] = [];
  const upstream = { path: "/", headers: { set: {}, remove: [] }, body: undefined, warnings: [], maxOutputTokens: 200 };
  // nothing else of the tools is used
  const all = {
    ...tools,
    endpoints: [endpoint],
    sessions: { find: (id: string) => (id === "s" ? session : undefined) },
    translatorFor: () => () => makeTranslator({ request: () => upstream }),
    hostHeader: () => "host",
    newId: () => "id",
    authenticatorFor: () => ({
      headers: async () => {
        onSign(session);
        return {};
      },
    }),
  } as unknown as ExchangeTools;
  const exchange = new AttemptExchange(all, { send: (answer) => answers.push(answer), isOver: () => false });
  await exchange.message(message);
  const [answer] = answers;
  return {
    refused: answer?.immediate_response?.status.code,
    backends: session.attempts.map(({ planned }) => planned.backend.id),
    standing: await standing(tokens),
  };
}

describe("AttemptExchange", () => {
  it("holds what the earlier attempt may have cost before it makes another one (L33)", async () => {
    const { refused, backends, standing } = await attempted(300n);
    expect({ refused, backends }).to.deep.equal({ refused: undefined, backends: ["ai/openai", "ai/anthropic"] });
    expect(standing).to.include({ held: 600n });
  });

  it("answers 429 and makes no attempt when that does not fit (L33)", async () => {
    const { refused, backends, standing } = await attempted(701n, (session) => {
      const [first] = session.attempts;
      if (first !== undefined) session.attempts[0] = { ...first, bound: { inputTokens: 100, outputTokens: 601 } };
    });
    expect({ refused, backends }).to.deep.equal({ refused: 429, backends: ["ai/openai"] });
    expect(standing).to.include({ held: 701n });
  });

  it("makes no attempt for a request that ended meanwhile: nobody would settle it (L32)", async () => {
    const { refused, backends } = await attempted(300n, (session) => session.release());
    expect({ refused, backends }).to.deep.equal({ refused: 503, backends: ["ai/openai"] });
  });
});
