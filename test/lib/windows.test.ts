import { expect } from "chai";
import fc from "fast-check";
import { type WindowUnit, windowAt } from "../../src/lib/windows.ts";

const hourMs = 3_600_000;

function span(unit: WindowUnit, zone: string, now: string): readonly [string, string] {
  const { startMs, endMs } = windowAt(unit, zone, Date.parse(now));
  return [new Date(startMs).toISOString(), new Date(endMs).toISOString()];
}

function hours(unit: WindowUnit, zone: string, now: string): number {
  const { startMs, endMs } = windowAt(unit, zone, Date.parse(now));
  return (endMs - startMs) / hourMs;
}

describe("windowAt", () => {
  const now = "2026-03-04T05:06:07.250Z";

  for (const [unit, start, end] of [
    ["Second", "2026-03-04T05:06:07.000Z", "2026-03-04T05:06:08.000Z"],
    ["Minute", "2026-03-04T05:06:00.000Z", "2026-03-04T05:07:00.000Z"],
    ["Hour", "2026-03-04T05:00:00.000Z", "2026-03-04T06:00:00.000Z"],
    ["Day", "2026-03-04T00:00:00.000Z", "2026-03-05T00:00:00.000Z"],
    ["Week", "2026-03-02T00:00:00.000Z", "2026-03-09T00:00:00.000Z"],
    ["Month", "2026-03-01T00:00:00.000Z", "2026-04-01T00:00:00.000Z"],
    ["Year", "2026-01-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z"],
  ] as const) {
    it(`L14: ${unit} in UTC`, () => {
      expect(span(unit, "UTC", now)).to.deep.equal([start, end]);
    });
  }

  it("L14: weeks begin on Monday, also seen from a Sunday and from a Monday", () => {
    const monday = "2026-03-02T00:00:00.000Z";
    expect(span("Week", "UTC", "2026-03-08T23:59:59.999Z")[0]).to.equal(monday);
    expect(span("Week", "UTC", monday)[0]).to.equal(monday);
    expect(span("Week", "UTC", "2026-03-01T23:59:59.999Z")[1]).to.equal(monday);
  });

  it("L14: months and years follow the zone's calendar", () => {
    expect(span("Month", "America/New_York", "2026-03-01T04:59:59Z")).to.deep.equal([
      "2026-02-01T05:00:00.000Z",
      "2026-03-01T05:00:00.000Z",
    ]);
    expect(span("Year", "Pacific/Auckland", "2026-12-31T12:00:00Z")[0]).to.equal("2026-12-31T11:00:00.000Z");
    expect(span("Month", "UTC", "2024-02-29T12:00:00Z")[1]).to.equal("2024-03-01T00:00:00.000Z");
  });

  it("L14: hours and shorter are aligned to the epoch whatever the zone", () => {
    expect(span("Hour", "Asia/Kolkata", now)).to.deep.equal(span("Hour", "UTC", now));
    expect(span("Second", "Asia/Kathmandu", now)).to.deep.equal(span("Second", "UTC", now));
  });

  it("L14: days in zones with half-hour and quarter-hour offsets", () => {
    expect(span("Day", "Asia/Kolkata", now)[0]).to.equal("2026-03-03T18:30:00.000Z");
    expect(span("Day", "Asia/Kathmandu", now)[0]).to.equal("2026-03-03T18:15:00.000Z");
  });

  for (const [zone, spring, autumn] of [
    ["Europe/Berlin", "2026-03-29T12:00:00Z", "2026-10-25T12:00:00Z"],
    ["America/New_York", "2026-03-08T12:00:00Z", "2026-11-01T12:00:00Z"],
  ] as const) {
    it(`L14: days of 23 and 25 hours in ${zone}`, () => {
      expect(hours("Day", zone, spring)).to.equal(23);
      expect(hours("Day", zone, autumn)).to.equal(25);
      expect(hours("Week", zone, spring)).to.equal(7 * 24 - 1);
    });
  }

  it("L14: a day whose midnight is skipped begins when the clocks were set (São Paulo, Cairo)", () => {
    expect(span("Day", "America/Sao_Paulo", "2018-11-04T12:00:00Z")).to.deep.equal([
      "2018-11-04T03:00:00.000Z",
      "2018-11-05T02:00:00.000Z",
    ]);
    expect(span("Day", "Africa/Cairo", "2023-04-28T12:00:00Z")[0]).to.equal("2023-04-27T22:00:00.000Z");
  });

  it("L14: a whole day that a zone skipped belongs to no window (Apia)", () => {
    expect(span("Day", "Pacific/Apia", "2011-12-30T09:59:59Z")[1]).to.equal("2011-12-30T10:00:00.000Z");
    expect(span("Day", "Pacific/Apia", "2011-12-30T10:00:00Z")).to.deep.equal([
      "2011-12-30T10:00:00.000Z",
      "2011-12-31T10:00:00.000Z",
    ]);
  });

  it("L14: a midnight that happens twice begins one day only (Saint John's)", () => {
    // clocks went from 00:01 back to 23:01
    const midnight = "2010-11-07T02:30:00.000Z";
    expect(span("Day", "America/St_Johns", "2010-11-07T02:29:59Z")[1]).to.equal(midnight);
    for (const instant of ["2010-11-07T02:30:30Z", "2010-11-07T03:00:00Z", "2010-11-07T12:00:00Z"]) {
      expect(span("Day", "America/St_Johns", instant)).to.deep.equal([midnight, "2010-11-08T03:30:00.000Z"]);
    }
  });

  it("L14: property: start ≤ now < end, both ends are in whole windows, and the end starts the next one", () => {
    const zones = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "America/Sao_Paulo", "Africa/Cairo"];
    const odd = [
      "Pacific/Apia",
      "America/St_Johns",
      "Australia/Lord_Howe",
      "Asia/Kathmandu",
      "Asia/Pyongyang",
      "Asia/Gaza",
    ];
    fc.assert(
      fc.property(
        fc.constantFrom<WindowUnit>("Second", "Minute", "Hour", "Day", "Week", "Month", "Year"),
        fc.constantFrom(...zones, ...odd),
        fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2040, 0, 1) }),
        (unit, zone, nowMs) => {
          const { startMs, endMs } = windowAt(unit, zone, nowMs);
          expect(startMs).to.be.at.most(nowMs);
          expect(endMs).to.be.above(nowMs);
          expect(windowAt(unit, zone, startMs)).to.deep.equal({ startMs, endMs });
          expect(windowAt(unit, zone, endMs - 1)).to.deep.equal({ startMs, endMs });
          expect(windowAt(unit, zone, endMs).startMs).to.equal(endMs);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
