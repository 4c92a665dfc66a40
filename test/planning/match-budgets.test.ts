import { expect } from "chai";
import type { BudgetRule } from "../../src/core/budget.ts";
import { Headers } from "../../src/core/headers.ts";
import { matchBudgets } from "../../src/planning/match-budgets.ts";
import { makeBudgetRule } from "../support/budget-rule.ts";

const perUser = makeBudgetRule("ai/users", { subject: ["x-user-id"] });

/** `budget account` of every budget that pays, with a `!` where nobody is named. */
function paying(
  budgets: readonly BudgetRule[],
  headers: readonly (readonly [string, string])[] = [],
  model = "gpt-4o",
): readonly string[] {
  return matchBudgets(budgets, { headers: new Headers(headers), model }).map(
    ({ rule, account, anonymous }) => `${rule.id} ${account}${anonymous ? "!" : ""}`,
  );
}

describe("matchBudgets", () => {
  it("names the account by the subject's headers in the order written, whatever the case of their names", () => {
    const both = makeBudgetRule("ai/both", { subject: ["x-team-id", "x-user-id"] });
    const headers = [
      ["X-User-Id", "ada"],
      ["x-team-id", "red"],
    ] as const;
    expect(paying([perUser, both, makeBudgetRule("ai/all")], headers)).to.deep.equal([
      "ai/users ada",
      "ai/both red,ada",
      "ai/all *",
    ]);
  });

  it("counts those who leave a header out, or empty, on one account, never on none (L38)", () => {
    expect(paying([perUser])).to.deep.equal(["ai/users -!"]);
    expect(paying([perUser], [["x-user-id", ""]])).to.deep.equal(["ai/users -!"]);
    expect(paying([perUser], [["x-user-id", "-"]])).to.deep.equal(["ai/users %2D"]);
  });

  it("takes the model for a header of its name, and never what the client wrote there", () => {
    const perModel = makeBudgetRule("ai/models", { subject: ["x-ai-eg-model"] });
    expect(paying([perModel], [["x-ai-eg-model", "cheap"]])).to.deep.equal(["ai/models gpt-4o"]);
  });

  it("pays only for requests that match in everything", () => {
    const engineers = makeBudgetRule("ai/engineers", {
      match: [
        { kind: "header", name: "x-team-id", value: "engineering" },
        { kind: "model", model: "gpt-4o*" },
      ],
    });
    const team = [["x-team-id", "engineering"]] as const;
    expect(paying([engineers], team)).to.deep.equal(["ai/engineers *"]);
    expect(paying([engineers], team, "gpt-4o-mini")).to.deep.equal(["ai/engineers *"]);
    expect(paying([engineers], team, "gpt-4")).to.deep.equal([]);
    expect(paying([engineers])).to.deep.equal([]);
    expect(paying([engineers], [["x-team-id", "Engineering"]])).to.deep.equal([]);
  });

  it("takes a model without a star by its whole name", () => {
    const budget = makeBudgetRule("ai/one", { match: [{ kind: "model", model: "gpt-4o" }] });
    expect(paying([budget], [], "gpt-4o-mini")).to.deep.equal([]);
  });

  it("refuses a header that names an account twice: one of them would be chosen by chance", () => {
    const twice = [
      ["x-user-id", "ada"],
      ["x-user-id", "bob"],
    ] as const;
    expect(() => paying([perUser], twice)).to.throw("the header x-user-id was sent 2 times");
    const match = makeBudgetRule("ai/match", { match: [{ kind: "header", name: "x-user-id", value: "ada" }] });
    expect(() => paying([match], twice))
      .to.throw("x-user-id")
      .with.property("code", "invalid_header");
  });

  it("refuses a name that is too long to be kept for as long as a window", () => {
    expect(paying([perUser], [["x-user-id", "a".repeat(1_024)]])).to.have.length(1);
    expect(() => paying([perUser], [["x-user-id", "a".repeat(1_025)]])).to.throw("longer than 1024 characters");
  });
});
