import { expect } from "chai";
import { checkGrpcAddress } from "../../src/cli/grpc-address.ts";

describe("checkGrpcAddress", () => {
  for (const address of [
    "unix:/tmp/tollgate.sock",
    "127.0.0.1:9000",
    "127.8.9.10:1",
    "localhost:65535",
    "[::1]:9000",
  ]) {
    it(`takes ${address} without a warning`, () => {
      expect(checkGrpcAddress(address)).to.equal(undefined);
    });
  }

  for (const address of [
    "0.0.0.0:9000",
    "[::]:9000",
    "10.0.0.1:9000",
    "127.evil.example:9000",
    "localhost.example:9000",
  ]) {
    it(`warns about ${address}: whoever can connect is handed provider keys`, () => {
      expect(checkGrpcAddress(address)).to.match(/^warning: .*not loopback.*provider keys/);
    });
  }

  for (const address of [
    "",
    "9000",
    ":9000",
    "localhost",
    "localhost:",
    "localhost:0",
    "localhost:65536",
    "localhost:0x50",
    "localhost:80a",
  ]) {
    it(`refuses ${JSON.stringify(address)}`, () => {
      expect(() => checkGrpcAddress(address)).to.throw(/neither unix:\/path nor host:port/);
    });
  }

  it("refuses a socket path that is not absolute", () => {
    expect(() => checkGrpcAddress("unix:tollgate.sock")).to.throw(/not absolute; write unix:\/path/);
  });

  it("refuses a socket path that is too long for the system, counted in bytes", () => {
    expect(checkGrpcAddress(`unix:/${"a".repeat(102)}`)).to.equal(undefined);
    expect(() => checkGrpcAddress(`unix:/${"a".repeat(103)}`)).to.throw(/104 bytes, and the system allows 103/);
    expect(() => checkGrpcAddress(`unix:/${"ü".repeat(60)}`)).to.throw(/121 bytes/);
  });
});
