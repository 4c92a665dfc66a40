import { expect } from "chai";
import fc from "fast-check";
import { layoutName, layoutOf, slotAt, slotsAround, spanOf } from "../../src/budgets/budget-window.ts";
import type { BudgetWindow } from "../../src/core/budget.ts";

const windows: fc.Arbitrary<BudgetWindow> = fc.oneof(
  fc.record({
    kind: fc.constant("calendar" as const),
    every: fc.constantFrom(
      "Minute" as const,
      "Hour" as const,
      "Day" as const,
      "Week" as const,
      "Month" as const,
      "Year" as const,
    ),
    timeZone: fc.constantFrom("UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"),
  }),
  fc.record({ kind: fc.constant("rolling" as const), lengthMs: fc.integer({ min: 1, max: 10_000_000_000 }) }),
);
const instants = fc.integer({ min: Date.parse("2020-01-01"), max: Date.parse("2035-01-01") });

describe("windows of budgets", () => {
  it("are rows of slots without gaps, and the middle one is that of the instant", () => {
    fc.assert(
      fc.property(windows, instants, (window, nowMs) => {
        const [before, now, after] = slotsAround(window, nowMs);
        expect(before.endMs).to.equal(now.startMs);
        expect(now.endMs).to.equal(after.startMs);
        expect(nowMs).to.be.within(now.startMs, now.endMs - 1);
        expect(before.startMs).to.be.below(before.endMs);
        expect(after.startMs).to.be.below(after.endMs);
      }),
    );
  });

  it("of the same kind have the same slots, whatever was asked for before", () => {
    fc.assert(
      fc.property(windows, fc.array(instants, { minLength: 2, maxLength: 5 }), (window, all) => {
        const first = all.map((nowMs) => slotAt(window, nowMs));
        expect(all.toReversed().map((nowMs) => slotAt(window, nowMs))).to.deep.equal(first.toReversed());
      }),
    );
  });

  it("that roll count at least their length and at most one bucket more", () => {
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 10_000_000_000 }), instants, (lengthMs, nowMs) => {
        const window: BudgetWindow = { kind: "rolling", lengthMs };
        const layout = layoutOf(window);
        const { startMs, endMs } = spanOf(slotAt(window, nowMs), layout);
        expect(startMs).to.be.at.most(nowMs - lengthMs);
        expect(endMs - startMs).to.equal(61 * layout.slotMs);
        expect(layout.slotMs).to.equal(Math.ceil(lengthMs / 60));
      }),
    );
  });

  it("are kept for a day longer than the longest of their kind", () => {
    fc.assert(
      fc.property(windows, instants, (window, nowMs) => {
        const layout = layoutOf(window);
        const { startMs, endMs } = spanOf(slotAt(window, nowMs), layout);
        expect(layout.keepMs).to.be.at.least(endMs - startMs + 86_400_000);
      }),
    );
  });

  it("have names of their own", () => {
    const names = [
      layoutName({ kind: "calendar", every: "Day", timeZone: "UTC" }),
      layoutName({ kind: "calendar", every: "Day", timeZone: "Europe/Berlin" }),
      layoutName({ kind: "calendar", every: "Week", timeZone: "UTC" }),
      layoutName({ kind: "rolling", lengthMs: 86_400_000 }),
    ];
    expect(new Set(names)).to.have.property("size", names.length);
  });
});
