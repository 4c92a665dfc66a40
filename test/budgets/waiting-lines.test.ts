import { expect } from "chai";
import { WaitingLines } from "../../src/budgets/waiting-lines.ts";

describe("WaitingLines", () => {
  it("serve first who came first, and forget a line that is empty (L35)", () => {
    const lines = new WaitingLines();
    const [one, two] = [lines.arrive(), lines.arrive()];
    expect(lines.isWaiting("a")).to.equal(false);
    one.join("a");
    two.join("a");
    expect([one.isFirst("a"), two.isFirst("a")]).to.deep.equal([true, false]);
    one.leave();
    expect([one.isFirst("a"), two.isFirst("a"), lines.isWaiting("a")]).to.deep.equal([false, true, true]);
    two.leave();
    expect(lines.isWaiting("a")).to.equal(false);
  });

  it("let nobody wait in a circle: who came first is first in every line that it joins", () => {
    const lines = new WaitingLines();
    const [one, two, three] = [lines.arrive(), lines.arrive(), lines.arrive()];
    one.join("a");
    three.join("b");
    two.join("b");
    one.join("b");
    two.join("a");
    expect([one.isFirst("a"), one.isFirst("b")]).to.deep.equal([true, true]);
    one.leave();
    expect([two.isFirst("a"), two.isFirst("b"), three.isFirst("b")]).to.deep.equal([true, true, false]);
  });

  it("hold a place once, however often it is joined, and know who has one", () => {
    const lines = new WaitingLines();
    const visitor = lines.arrive();
    expect(visitor.waits).to.equal(false);
    visitor.join("a");
    visitor.join("a");
    expect(visitor.waits).to.equal(true);
    visitor.leave();
    expect([visitor.waits, lines.isWaiting("a")]).to.deep.equal([false, false]);
  });
});
