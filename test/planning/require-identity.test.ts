import { expect } from "chai";
import { GatewayError } from "../../src/lib/errors.ts";
import { requireIdentity } from "../../src/planning/require-identity.ts";
import { limitFor, makeSettings, makeView } from "./support.ts";

const byUser = limitFor("users", { kind: "header", type: "Distinct", name: "x-user-id" });
const byTier = limitFor("tiers", { kind: "header", type: "Distinct", name: "x-tier" });
const settings = (required: boolean) =>
  makeSettings({ identity: { trustedHeaders: ["x-user-id", "x-team-id"], requireIdentity: required } });

describe("requireIdentity", () => {
  it("L38: refuses a request without the header by which a limit counts", () => {
    for (const view of [makeView(), makeView([["x-user-id", ""]])]) {
      expect(() => requireIdentity(settings(true), [byUser], [], view))
        .to.throw(GatewayError, /x-user-id is required/)
        .that.includes({ code: "identity_required", status: 401 });
    }
  });

  it("L38: lets it pass when nobody asked for identities, or the header is no identity", () => {
    expect(() => requireIdentity(settings(false), [byUser], [], makeView())).not.to.throw();
    expect(() => requireIdentity(settings(true), [byTier], [], makeView())).not.to.throw();
    expect(() =>
      requireIdentity(settings(true), [byUser, byTier], [], makeView([["x-user-id", "ada"]])),
    ).not.to.throw();
  });
});
