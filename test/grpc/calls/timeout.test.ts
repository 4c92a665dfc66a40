import { expect } from "chai";
import { timeoutMs } from "../../../src/grpc/calls/timeout.ts";

describe("timeoutMs", () => {
  it("reads every unit of grpc-timeout, rounded up", () => {
    const read = ["2H", "3M", "4S", "5m", "1500u", "1n"].map(timeoutMs);
    expect(read).to.deep.equal([7_200_000, 180_000, 4_000, 5, 2, 1]);
  });

  it("is never longer than a timer can be", () => {
    expect(timeoutMs("99999999H")).to.equal(0x7fff_ffff);
  });

  it("is undefined for what is no time", () => {
    expect(["", "5", "m", "5x", "-5m", "123456789m", "5m "].map(timeoutMs)).to.deep.equal(Array(7).fill(undefined));
  });
});
