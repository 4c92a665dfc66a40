import { expect } from "chai";
import { findLimit } from "../../../src/ratelimit/standard/find-limit.ts";
import { treeOf } from "./support.ts";

const root = treeOf(
  "web",
  `
domain: web
descriptors:
  - key: path
    rate_limit: {unit: Minute, requests_per_unit: 1}
  - key: path
    value: /login
    rate_limit: {unit: SECOND, requests_per_unit: 2, name: login, replaces: [{name: all}]}
    descriptors:
      - key: user
        rate_limit: {unit: hour, requests_per_unit: 3}
      - key: user
        value: ada
        rate_limit: {unlimited: true}
  - key: path
    value: /files/*
    rate_limit: {unit: day, requests_per_unit: 4}
  - key: path
    value: /files/public/*
    rate_limit: {unit: day, requests_per_unit: 5}
  - key: status
    value: 404
    rate_limit: {unit: week, requests_per_unit: 6}
  - key: tenant
    descriptors:
      - key: method
        value: GET
  - key: x-team-*
    rate_limit: {unit: hour, requests_per_unit: 8}
  - key: a_b
    value: c
    rate_limit: {unit: hour, requests_per_unit: 9}
  - key: shared
    value: area-*
    share_threshold: true
    value_to_metric: true
    descriptors:
      - key: user
        rate_limit: {unit: hour, requests_per_unit: 10}
  - key: seen
    value_to_metric: true
    rate_limit: {unit: hour, requests_per_unit: 11}
  - key: detailed
    value: d*
    descriptors:
      - key: user
        detailed_metric: true
        shadow_mode: true
        rate_limit: {unit: month, requests_per_unit: 12}
`,
);

function find(...pairs: readonly string[]) {
  const entries = Array.from({ length: pairs.length / 2 }, (_, index) => ({
    key: pairs[2 * index] ?? "",
    value: pairs[2 * index + 1] ?? "",
  }));
  return findLimit("web", root, entries);
}

describe("findLimit", () => {
  const cases: readonly (readonly [string, readonly string[], number | undefined])[] = [
    ["the entry with the value", ["path", "/login"], 2],
    ["the entry without a value when no other matches", ["path", "/other"], 1],
    ["the entry without a value also for an empty one", ["path", ""], 1],
    ["the first wildcard that matches, although a later one is longer", ["path", "/files/public/a"], 4],
    ["a wildcard for what its prefix is alone", ["path", "/files/"], 4],
    ["a value that was written as a number", ["status", "404"], 6],
    ["the deeper limit of a longer descriptor", ["path", "/login", "user", "grace"], 3],
    ["nothing when the descriptor goes deeper than the tree", ["path", "/other", "user", "grace"], undefined],
    ["nothing when the tree goes deeper than the descriptor", ["tenant", "t"], undefined],
    ["nothing at an entry without a limit", ["tenant", "t", "method", "GET"], undefined],
    ["nothing for a key that is not there", ["verb", "GET"], undefined],
    ["nothing for a descriptor without entries", [], undefined],
    ["a key that ends in *", ["x-team-red", "1"], 8],
    ["keys and values apart: a_b, c is not a, b_c", ["a", "b_c"], undefined],
  ];
  for (const [what, entries, requests] of cases) {
    it(`L17: finds ${what}`, () => {
      expect(find(...entries)?.limit.requestsPerUnit).to.equal(requests);
    });
  }

  it("L17: reads unlimited, name, replaces, shadow mode and units in any case", () => {
    expect(find("path", "/login", "user", "ada")?.limit.unlimited).to.equal(true);
    expect(find("path", "/login")?.limit).to.include({ name: "login", unit: "Second", shadowMode: false });
    expect(find("path", "/login")?.limit.replaces).to.deep.equal(["all"]);
    expect(find("detailed", "d1", "user", "ada")?.limit).to.include({ shadowMode: true, unit: "Month" });
  });

  it("L17: each value counts apart, unless a wildcard shares its threshold", () => {
    expect(find("path", "/files/a")?.counted).to.deep.equal(["path", "/files/a"]);
    expect(find("shared", "area-51", "user", "ada")?.counted).to.deep.equal(["shared", "area-*", "user", "ada"]);
  });

  it("L17: metrics have the configured values, and the request's where the configuration says so", () => {
    expect(find("path", "/files/a")?.metricKey).to.equal("web.path_/files/*");
    expect(find("path", "/other")?.metricKey).to.equal("web.path");
    expect(find("seen", "x")?.metricKey).to.equal("web.seen_x");
    expect(find("detailed", "d1", "user", "ada")?.metricKey).to.equal("web.detailed_d1.user_ada");
    expect(find("shared", "area-51", "user", "ada")?.metricKey).to.equal("web.shared_area-*.user");
  });
});
