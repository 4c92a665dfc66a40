import { expect } from "chai";
import { explainRefusal } from "../../src/cli/refusal-of-envoy.ts";

describe("explainRefusal", () => {
  it("names the backends whose clusters Envoy names, without the part that is ours", () => {
    const reason =
      "Error adding/updating cluster(s) ai/a@0123456789ab: Invalid path: /ca.pem\nai/b-c.d@ba9876543210: no";
    expect(explainRefusal("cluster", reason)).to.equal(
      "Envoy refuses backend ai/a, ai/b-c.d: Error adding/updating cluster(s) ai/a: Invalid path: /ca.pem; ai/b-c.d: no",
    );
  });

  it("names what it is about when Envoy names nothing", () => {
    expect(explainRefusal("listener", "cannot bind '127.0.0.1:80'")).to.equal(
      "Envoy refuses the listener: cannot bind '127.0.0.1:80'",
    );
    expect(explainRefusal("route", "no")).to.equal("Envoy refuses the routes: no");
    expect(explainRefusal("cluster", "no")).to.equal("Envoy refuses a backend: no");
  });
});
