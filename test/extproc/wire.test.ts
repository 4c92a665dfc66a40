import { expect } from "chai";
import {
  attribute,
  headerMutation,
  immediateReply,
  metadataString,
  readHeaders,
  toStruct,
} from "../../src/extproc/wire.ts";
import { utf8Bytes } from "../../src/lib/bytes.ts";
import { GatewayError } from "../../src/lib/errors.ts";

describe("readHeaders", () => {
  it("takes raw values before values, keeps repetitions and order", () => {
    const headers = readHeaders({
      headers: {
        headers: [
          { key: ":path", raw_value: utf8Bytes("/v1/ž") },
          { key: "x-a", value: "1", raw_value: new Uint8Array(0) },
          { key: "x-a", raw_value: utf8Bytes("2") },
          { value: "no name" },
          { key: "x-empty" },
        ],
      },
    });
    expect(headers.get(":path")).to.equal("/v1/ž");
    expect(headers.all("x-a")).to.deep.equal(["1", "2"]);
    expect(headers.get("x-empty")).to.equal("");
    expect(headers.names()).to.deep.equal([":path", "x-a", "x-empty"]);
  });

  it("keeps a byte order mark: it makes another account", () => {
    const headers = readHeaders({ headers: { headers: [{ key: "x-user-id", raw_value: utf8Bytes("\ufeffada") }] } });
    expect(headers.get("x-user-id")).to.equal("\ufeffada");
  });

  it("is empty for a message without headers", () => {
    expect(readHeaders({}).names()).to.deep.equal([]);
  });
});

describe("attribute and metadataString", () => {
  it("find what Envoy sent, and are undefined for what it did not", () => {
    const attributes = {
      "envoy.filters.http.ext_proc": { fields: { "source.address": { stringValue: "10.0.0.1:5" } } },
    };
    expect(attribute({ attributes }, "source.address")).to.deep.equal({ stringValue: "10.0.0.1:5" });
    expect(attribute({ attributes }, "response.code")).to.equal(undefined);
    expect(attribute({}, "source.address")).to.equal(undefined);
    const request = { metadata_context: { filter_metadata: { "tollgate.session": toStruct({ id: "abc", n: 1 }) } } };
    expect(metadataString(request, "tollgate.session", "id")).to.equal("abc");
    expect(metadataString(request, "tollgate.session", "n")).to.equal(undefined);
    expect(metadataString({}, "tollgate.session", "id")).to.equal(undefined);
  });
});

describe("toStruct", () => {
  it("makes values of every kind", () => {
    expect(toStruct({ text: "a", zero: 0, no: false, list: ["x", { y: 1 }] })).to.deep.equal({
      fields: {
        text: { stringValue: "a" },
        zero: { numberValue: 0 },
        no: { boolValue: false },
        list: { listValue: { values: [{ stringValue: "x" }, { structValue: { fields: { y: { numberValue: 1 } } } }] } },
      },
    });
  });
});

describe("immediateReply", () => {
  it("has status, JSON content type, the error's own headers and details without spaces", () => {
    const error = new GatewayError("method_not_allowed", "no", { headers: { allow: "GET" } });
    const reply = immediateReply(error, utf8Bytes("{}"), { "x-more": "1" });
    expect(reply.status).to.deep.equal({ code: 405 });
    expect(reply.details).to.equal("tollgate_method_not_allowed");
    expect(reply.headers).to.deep.equal(
      headerMutation({ set: { "content-type": "application/json", allow: "GET", "x-more": "1" }, remove: [] }),
    );
    const foreign = GatewayError.fromProvider("server", "broken", { code: "two words" });
    expect(immediateReply(foreign, utf8Bytes("{}"), {}).details).to.equal("tollgate_two_words");
  });
});
