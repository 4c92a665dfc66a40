import { readFileSync } from "node:fs";
import { expect } from "chai";
import { openaiErrorBody } from "../../src/endpoints/dialects/openai.ts";
import { type ErrorCode, errorCodes, GatewayError } from "../../src/lib/errors.ts";

interface Documented {
  readonly code: string;
  readonly status: number;
  readonly type: string;
}

/** The rows of the table in docs/errors.md. */
function documentedCodes(): readonly Documented[] {
  const text = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");
  return [...text.matchAll(/^\| *`(\w+)` *\| *(\d{3}) *\| *`(\w+)` *\|[^|]+\|[^|]+\|$/gm)].map(
    ([, code = "", status, type = ""]) => ({ code, status: Number(status), type }),
  );
}

describe("docs/errors.md", () => {
  it("has a row for every code of the table, with its status and type, and none besides", () => {
    const expected = (Object.keys(errorCodes) as ErrorCode[]).map((code): Documented => {
      const body = JSON.parse(new TextDecoder().decode(openaiErrorBody(new GatewayError(code, "x"))));
      return { code, status: errorCodes[code].status, type: body.error.type };
    });
    expect(documentedCodes()).to.have.deep.members(expected);
  });

  it("lists the codes in the order of their status, so that they are found", () => {
    const statuses = documentedCodes().map(({ status }) => (status === 431 ? 413 : status));
    expect(statuses).to.deep.equal([...statuses].sort((a, b) => a - b));
  });
});

describe("GatewayError", () => {
  it("has status and kind of its code, unless it is told others", () => {
    const plain = new GatewayError("unknown_model", "no such model");
    expect(plain).to.include({ code: "unknown_model", status: 404, kind: "not_found", param: null });
    const told = new GatewayError("upstream_unavailable", "x", { status: 502, kind: "server", param: "n" });
    expect(told).to.include({ status: 502, kind: "server", param: "n" });
  });

  it("passes on what a provider said, with the provider's code or none", () => {
    expect(GatewayError.fromProvider("rate_limit", "slow down")).to.include({ status: 429, code: null });
    expect(GatewayError.fromProvider("overloaded", "x", { status: 529, code: "busy" })).to.include({
      status: 529,
      code: "busy",
      kind: "overloaded",
    });
  });

  it("makes of a foreign error one that tells nothing of it but to the log (R166)", () => {
    const foreign = new TypeError("cannot read 'secret' of undefined");
    const error = GatewayError.from(foreign);
    expect(error).to.include({ code: "internal_error", status: 500, cause: foreign });
    expect(error.message).not.to.contain("secret");
    expect(GatewayError.from(foreign, "bad_upstream_json")).to.include({ code: "bad_upstream_json", status: 502 });
    expect(GatewayError.from(error, "bad_upstream_json"), "one that is ours stays as it is").to.equal(error);
  });
});
