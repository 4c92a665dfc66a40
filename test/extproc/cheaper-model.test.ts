import { expect } from "chai";
import { cheaperModel } from "../../src/extproc/cheaper-model.ts";
import { Session } from "../../src/extproc/session.ts";
import { exact, makeConfig, makeRequest, makeRouteRule, makeView } from "../planning/support.ts";
import { endpoint } from "./support.ts";

const models = ["gpt-4o", "gpt-4o-mini", "gpt-4.1-nano", "never-heard-of"];
const config = makeConfig(
  models.map((model) => ({ rule: makeRouteRule(model), match: [exact("x-ai-eg-model", model)] })),
  { models },
);
const session = new Session("s", config, makeView(), endpoint, 0);
const request = { ...makeRequest("gpt-4o"), maxOutputTokens: 1_000, serviceTier: "default" };

/** Output at 10.00, 0.60 and 0.40 dollars a million tokens. */
const cheaper = (remaining: bigint, changes: Partial<typeof request> = {}) =>
  cheaperModel(session, { ...request, ...changes }, 0, remaining);

describe("cheaperModel", () => {
  it("is the dearest one that fits (L36)", () => {
    expect(cheaper(9_999_999n)).to.equal("gpt-4o-mini");
    expect(cheaper(599_999n)).to.equal("gpt-4.1-nano");
    expect(cheaper(399_999n)).to.equal(undefined);
  });

  it("counts every choice that the client wants", () => {
    expect(cheaper(9_999_999n, { choices: 20 })).to.equal("gpt-4.1-nano");
  });
});
