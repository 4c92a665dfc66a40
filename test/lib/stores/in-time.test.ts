import { expect } from "chai";
import { inTime } from "../../../src/lib/stores/in-time.ts";

class Unavailable extends Error {}

async function failureOf(answer: Promise<unknown>): Promise<unknown> {
  return await answer.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("inTime", () => {
  it("gives the answer that comes in time", async () => {
    expect(await inTime(Promise.resolve(7), 1_000, "the place", Unavailable)).to.equal(7);
  });

  it("names the place of a failure, and keeps its cause for the log", async () => {
    const cause = new Error("broken");
    const failure = await failureOf(inTime(Promise.reject(cause), 1_000, "the place", Unavailable));
    expect(failure).to.be.instanceOf(Unavailable).and.to.include({ message: "the place failed", cause });
  });

  it("waits no longer than told, and takes care of a failure that comes later", async () => {
    let fail = (_error: Error): void => undefined;
    const late = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const failure = await failureOf(inTime(late, 1, "the place", Unavailable));
    expect(failure).to.be.instanceOf(Unavailable).and.to.include({ message: "the place did not answer within 1 ms" });
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    fail(new Error("too late"));
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    expect(unhandled).to.deep.equal([]);
  });
});
