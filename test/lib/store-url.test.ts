import { expect } from "chai";
import { parseStoreUrl } from "../../src/lib/store-url.ts";

describe("parseStoreUrl", () => {
  it("L18: reads the nodes of a Redis Cluster, with login and TLS", () => {
    expect(parseStoreUrl("rediss+cluster://us%40er:p%3Aw:x@a.example:7000,b.example,[::1]:7002")).to.deep.equal({
      kind: "cluster",
      name: "rediss+cluster://a.example:7000,b.example:6379,[::1]:7002",
      tls: true,
      nodes: [
        { host: "a.example", port: 7000 },
        { host: "b.example", port: 6379 },
        { host: "::1", port: 7002 },
      ],
      username: "us@er",
      password: "p:w:x",
    });
  });

  it("L18: reads the Sentinels, the master's name and database, and both logins", () => {
    expect(
      parseStoreUrl("redis+sentinel://:pw@s1:26380,s2/main/3?sentinel-username=watch&sentinel-password=sp"),
    ).to.deep.equal({
      kind: "sentinel",
      name: "redis+sentinel://s1:26380,s2:26379/main",
      tls: false,
      nodes: [
        { host: "s1", port: 26380 },
        { host: "s2", port: 26379 },
      ],
      username: undefined,
      password: "pw",
      masterName: "main",
      database: 3,
      sentinelLogin: { username: "watch", password: "sp" },
    });
  });

  it("reads one server, and memory", () => {
    expect(parseStoreUrl("redis://u:must-not-be-shown@h:1/2")).to.deep.include({
      kind: "redis",
      name: "redis://h:1",
      node: { host: "h", port: 1 },
    });
    expect(parseStoreUrl("memory://")).to.deep.equal({ kind: "memory", name: "memory://" });
  });

  for (const text of [
    "",
    "redis://",
    "mysql://h",
    "redis+cluster://",
    "redis+cluster://a:1,,b:2",
    "redis+cluster://a:1;b:2",
    "redis+cluster://a:70000",
    "redis+cluster://a:1/0",
    "redis+cluster://a:1?x=1",
    "redis+cluster://%zz@a:1",
    "redis+sentinel://a:1",
    "redis+sentinel://a:1/",
    "redis+sentinel://a:1/main/x",
    "redis+sentinel://a:1/main?password=x",
    "http+cluster://a:1",
  ]) {
    it(`does not take ${text === "" ? "nothing" : text}`, () => {
      expect(parseStoreUrl(text)).to.equal(undefined);
    });
  }
});
