import { expect } from "chai";
import { matchRules } from "../../src/planning/match-route.ts";
import { exact, makeConfig, makeRouteRule, makeView } from "./support.ts";

const first = makeRouteRule("first");
const second = makeRouteRule("second");

function ids(config: ReturnType<typeof makeConfig>, view = makeView(), model = "gpt-4o"): string[] {
  return matchRules(config, view, model).map(({ id }) => id);
}

describe("matchRules", () => {
  it("gives every rule that matches, in the order of the candidates, each once", () => {
    const config = makeConfig([
      { rule: second, match: [exact("x-ai-eg-model", "gpt-4o")] },
      { rule: first },
      { rule: second },
      { rule: makeRouteRule("other"), match: [exact("x-ai-eg-model", "claude")] },
    ]);
    expect(ids(config)).to.deep.equal(["second", "first"]);
  });

  it("the model header means the resolved model, whatever the client sent", () => {
    const config = makeConfig([{ rule: first, match: [exact("x-ai-eg-model", "gpt-4o")] }]);
    expect(ids(config, makeView(), "gpt-4o")).to.deep.equal(["first"]);
    expect(ids(config, makeView([["x-ai-eg-model", "gpt-4o"]]), "claude")).to.deep.equal([]);
  });

  it("all matches of a candidate must hold", () => {
    const match = [exact("x-ai-eg-model", "gpt-4o"), exact("priority", "high")];
    const config = makeConfig([{ rule: first, match }]);
    expect(ids(config)).to.deep.equal([]);
    expect(ids(config, makeView([["Priority", "high"]]))).to.deep.equal(["first"]);
    expect(ids(config, makeView([["priority", "HIGH"]]))).to.deep.equal([]);
  });

  it("matches regular expressions", () => {
    const pattern = {
      type: "RegularExpression",
      name: "x-ai-eg-model",
      pattern: /^(?:gpt-.*)$/,
      source: "gpt-.*",
    } as const;
    const config = makeConfig([{ rule: first, match: [pattern] }]);
    expect(ids(config, makeView(), "gpt-4o")).to.deep.equal(["first"]);
    expect(ids(config, makeView(), "my-gpt-4o")).to.deep.equal([]);
  });

  for (const { names, host, matches } of [
    { names: [], host: "anything", matches: true },
    { names: ["a.example.com"], host: "a.example.com", matches: true },
    { names: ["a.example.com"], host: "b.example.com", matches: false },
    { names: ["*.example.com"], host: "a.example.com", matches: true },
    { names: ["*.example.com"], host: "a.b.example.com", matches: true },
    { names: ["*.example.com"], host: "example.com", matches: false },
    { names: ["*.example.com"], host: ".example.com", matches: false },
    { names: ["*.example.com"], host: "badexample.com", matches: false },
    { names: ["x", "*.example.com"], host: "a.example.com", matches: true },
  ]) {
    it(`host ${host} ${matches ? "is" : "is not"} served by [${names.join(", ")}]`, () => {
      const config = makeConfig([{ rule: first, hostnames: names }]);
      expect(ids(config, makeView([], { host }))).to.deep.equal(matches ? ["first"] : []);
    });
  }
});
