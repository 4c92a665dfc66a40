import { expect } from "chai";
import { JsonMessages } from "../../src/grpc/json-message.ts";
import { ProtoTypes } from "../../src/grpc/proto-types.ts";

const cluster = "envoy.config.cluster.v3.Cluster";

describe("JsonMessages", function () {
  this.timeout(20_000);
  let messages: JsonMessages;

  before(() => {
    messages = new JsonMessages(new ProtoTypes(["envoy/config/cluster/v3/cluster.proto"]));
  });

  const bytes = (json: unknown): string => Buffer.from(messages.encode(cluster, json)).toString("latin1");
  const failure = (json: unknown): string => {
    try {
      messages.encode(cluster, json);
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };

  it("writes strings, enums, durations, wrappers and lists as Envoy's wire format has them", () => {
    expect(bytes({ name: "a" })).to.equal("\x0a\x01a");
    expect(bytes({ type: "STRICT_DNS" })).to.equal("\x10\x01");
    expect(bytes({ connect_timeout: "1.5s" })).to.equal("\x22\x08\x08\x01\x10\x80\xca\xb5\xee\x01");
    expect(bytes({ per_connection_buffer_limit_bytes: 5 })).to.equal("\x2a\x02\x08\x05");
    expect(bytes({ circuit_breakers: { thresholds: [{ max_requests: 7 }] } })).to.equal(
      "\x52\x06\x0a\x04\x22\x02\x08\x07",
    );
  });

  it("writes a typed value as a TypedStruct: its type's name and its members as they are", () => {
    const written = bytes({
      transport_socket: {
        name: "t",
        typed_config: { "@type": "type.googleapis.com/some.Type", list: [true, null, "x", 1] },
      },
    });
    const list = "\x0a\x02\x20\x01\x0a\x02\x08\x00\x0a\x03\x1a\x01x\x0a\x09\x11\x00\x00\x00\x00\x00\x00\xf0\x3f";
    const struct = `\x0a\x22\x0a\x04list\x12\x1a\x32\x18${list}`;
    expect(written).to.contain("type.googleapis.com/xds.type.v3.TypedStruct");
    expect(written).to.contain(
      `\x0a\x1dtype.googleapis.com/some.Type\x12${String.fromCharCode(struct.length)}${struct}`,
    );
  });

  it("leaves out what is undefined", () => {
    expect(bytes({ name: "a", alt_stat_name: undefined })).to.equal("\x0a\x01a");
  });

  it("says where something does not belong", () => {
    expect(failure({ nmae: "a" })).to.equal(`${cluster}.nmae: ${cluster} has no such field`);
    expect(failure({ type: "STRICT" })).to.contain(`${cluster}.type: "STRICT" is no value of DiscoveryType`);
    expect(failure({ name: 1 })).to.equal(`${cluster}.name: a string is needed, not 1`);
    expect(failure({ connect_timeout: "1 s" })).to.contain(
      'connect_timeout: a duration such as "1.5s" is needed, not "1 s"',
    );
    expect(failure({ circuit_breakers: { thresholds: {} } })).to.equal(
      `${cluster}.circuit_breakers.thresholds: a list is needed`,
    );
    expect(failure({ circuit_breakers: [] })).to.equal(`${cluster}.circuit_breakers: an object is needed`);
    expect(failure({ typed_extension_protocol_options: { x: {} } })).to.equal(
      `${cluster}.typed_extension_protocol_options["x"]: @type is missing`,
    );
  });
});
