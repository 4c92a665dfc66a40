import { expect } from "chai";
import { parseByteSize } from "../../../src/config/values/byte-size.ts";
import { cidr } from "../../../src/config/values/cidr.ts";
import { parseDuration } from "../../../src/config/values/duration.ts";
import { parseEndpointUrl } from "../../../src/config/values/endpoint-url.ts";
import { hostPort } from "../../../src/config/values/host-port.ts";
import { parseInstant } from "../../../src/config/values/instant.ts";
import { compilePattern } from "../../../src/config/values/regular-expression.ts";
import { isTimeZone } from "../../../src/config/values/time-zone.ts";

describe("values", () => {
  it("reads durations in milliseconds", () => {
    const read = ["500ms", "10s", "1m30s", "1.5h", "0", "0s", "10", "s", "1d", "-1s", "1 s", ""].map(parseDuration);
    expect(read).to.deep.equal([
      500,
      10_000,
      90_000,
      5_400_000,
      0,
      0,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("reads sizes in bytes", () => {
    const read = ["50Mi", "1Gi", "1k", "1024", "1.5Ki", "50MB", "", "Mi"].map(parseByteSize);
    expect(read).to.deep.equal([52_428_800, 1_073_741_824, 1000, 1024, 1536, undefined, undefined, undefined]);
  });

  it("knows CIDRs of both families", () => {
    const good = ["0.0.0.0/0", "10.1.2.3/32", "::/0", "2001:db8::/32", "::ffff:10.0.0.0/104"];
    const bad = [
      "10.0.0.0",
      "10.0.0.0/33",
      "256.0.0.0/8",
      "1.2.3/8",
      "::/129",
      "::1",
      "a/8",
      "10.0.0.0/8/8",
      "01.2.3.4/8",
    ];
    expect(good.filter((text) => !cidr.safeParse(text).success)).to.deep.equal([]);
    expect(bad.filter((text) => cidr.safeParse(text).success)).to.deep.equal([]);
  });

  it("matches whole values with RE2 patterns", () => {
    const matches = (source: string, value: string) => {
      const compiled = compilePattern(source);
      return "error" in compiled ? compiled.error : compiled.pattern.test(value);
    };
    expect(matches("gpt-4o", "gpt-4o-mini")).to.equal(false);
    expect(matches("gpt-4o.*", "gpt-4o-mini")).to.equal(true);
    expect(matches("a|b", "xb")).to.equal(false);
    expect(matches("(?i)GPT-.*", "gpt-4o")).to.equal(true);
    expect(matches("(?P<vendor>gpt|o1)-.*", "o1-mini")).to.equal(true);
    expect(matches("[(?=]+", "(?=")).to.equal(true);
    expect(matches("a\\(?=b", "a=b")).to.equal(true);
  });

  it("refuses what RE2 does not have", () => {
    for (const source of ["(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", "(a)\\1", "(?<n>a)\\k<n>"]) {
      expect(compilePattern(source), source).to.have.property("error").that.contains("RE2 does not have");
    }
  });

  it("reads endpoint URLs into parts", () => {
    expect(parseEndpointUrl("https://example.com")).to.deep.equal({
      hostname: "example.com",
      port: 443,
      tls: true,
      prefix: undefined,
    });
    expect(parseEndpointUrl("http://[::1]:8000/v1/")).to.deep.equal({
      hostname: "::1",
      port: 8000,
      tls: false,
      prefix: "/v1",
    });
    expect(parseEndpointUrl("example.com")).to.be.a("string");
    expect(parseEndpointUrl("https://example.com?x=1")).to.be.a("string");
  });

  it("reads addresses", () => {
    expect(hostPort.parse("localhost:80")).to.deep.equal({ host: "localhost", port: 80 });
    expect(hostPort.parse("[::1]:80")).to.deep.equal({ host: "::1", port: 80 });
    for (const text of ["localhost", "localhost:0", "localhost:65536", ":80", "a:b"])
      expect(hostPort.safeParse(text).success, text).to.equal(false);
  });

  it("reads dates and times in milliseconds", () => {
    const read = ["2026-01-31", "2026-01-31T12:30:00Z", "2026-01-31T12:30+02:00", "2024-02-29", "1970-01-01"];
    expect(read.map(parseInstant)).to.deep.equal([
      Date.UTC(2026, 0, 31),
      Date.UTC(2026, 0, 31, 12, 30),
      Date.UTC(2026, 0, 31, 10, 30),
      Date.UTC(2024, 1, 29),
      0,
    ]);
    for (const text of [
      "2026-02-30",
      "2026-13-01",
      "2026-1-1",
      "31.1.2026",
      "2026-01-31T25:00Z",
      "2026-01-31T12:00",
      "",
    ])
      expect(parseInstant(text), text).to.equal(undefined);
  });

  it("knows time zones", () => {
    expect(["UTC", "Europe/Berlin", "America/New_York"].every(isTimeZone)).to.equal(true);
    expect(["Europe/Berlim", "", "CE ST"].some(isTimeZone)).to.equal(false);
  });
});
