import { expect } from "chai";
import { Running, Stopped } from "../../src/cli/running.ts";

describe("Running", () => {
  it("stops in reverse order, one after the other, each once", async () => {
    const running = new Running();
    const stopped: string[] = [];
    for (const name of ["a", "b", "c"]) {
      await running.add(async () => {
        await Promise.resolve();
        stopped.push(name);
      });
    }
    await running.stop();
    await running.stop();
    expect(stopped).to.deep.equal(["c", "b", "a"]);
  });

  it("stops at once what comes when everything is stopping, and throws into what started it", async () => {
    const running = new Running();
    await running.stop();
    expect(running.signal.aborted).to.equal(true);
    let stopped = false;
    const error = await running
      .add(() => {
        stopped = true;
      })
      .catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(Stopped);
    expect(stopped).to.equal(true);
  });

  it("stops the others when one cannot be stopped, and tells the first error", async () => {
    const running = new Running();
    let stopped = false;
    await running.add(() => {
      stopped = true;
    });
    await running.add(() => Promise.reject(new Error("second")));
    await running.add(() => Promise.reject(new Error("first")));
    const error = await running.stop().catch((thrown: Error) => thrown);
    expect(error).to.have.property("message", "first");
    expect(stopped).to.equal(true);
  });
});
