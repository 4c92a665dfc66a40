import { expect } from "chai";
import { defaultSettings } from "../../src/config/data/default-settings.ts";
import { Headers } from "../../src/core/headers.ts";
import { checkHead } from "../../src/extproc/check-head.ts";

const settings = { ...defaultSettings, listener: { ...defaultSettings.listener, bufferLimitBytes: 1_000 } };

describe("checkHead", () => {
  it("lets bodies of the limit pass, and those whose length is not told", () => {
    for (const headers of [new Headers([["content-length", "1000"]]), new Headers()]) {
      expect(() => checkHead(headers, settings)).not.to.throw();
    }
  });

  it("refuses bodies above the limit", () => {
    expect(() => checkHead(new Headers([["content-length", "1001"]]), settings)).to.throw("larger than the 1000 bytes");
  });

  it("counts every value of a header that is repeated", () => {
    const values = Array.from({ length: 100 }, (): [string, string] => ["x-a", "x".repeat(1_024)]);
    expect(() => checkHead(new Headers(values.slice(0, 50)), settings)).not.to.throw();
    expect(() => checkHead(new Headers(values), settings)).to.throw("headers are larger than");
  });
});
