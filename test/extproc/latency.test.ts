import { expect } from "chai";
import { Latency } from "../../src/extproc/latency.ts";

describe("Latency", () => {
  it("L7: tells nothing before the first piece", () => {
    expect(new Latency(1_000).metadata(5)).to.deep.equal({});
  });

  it("L7: tells the time to the first piece and the mean time between tokens", () => {
    const latency = new Latency(1_000);
    latency.piece(1_250);
    expect(latency.metadata(1)).to.deep.equal({ token_latency_ttft: 250, token_latency_itl: 0 });
    latency.piece(1_300);
    latency.piece(1_450);
    expect(latency.metadata(4)).to.deep.equal({ token_latency_ttft: 250, token_latency_itl: 66.667 });
  });
});
