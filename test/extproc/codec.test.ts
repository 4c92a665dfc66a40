import { expect } from "chai";
import fc from "fast-check";
import { extProcCodec } from "../../src/extproc/codec.ts";
import type { HeaderValue, HttpHeaders, ProcessingRequest, ProcessingResponse } from "../../src/extproc/messages.ts";
import { extProcPath } from "../../src/extproc/service.ts";
import { readHeaders } from "../../src/extproc/wire.ts";
import { anyBytes, anyText, maybe, together } from "../support/arbitraries.ts";
import { peerCodec } from "../support/protos.ts";

const codec = extProcCodec();
const envoy = peerCodec(extProcPath);

const key = anyText.filter((text) => text !== "__proto__");

const { struct } = fc.letrec<{ struct: object; value: object }>((tie) => ({
  struct: fc.oneof(
    { maxDepth: 3 },
    fc.constant({}),
    fc.dictionary(key, tie("value"), { minKeys: 1, maxKeys: 5 }).map((fields) => ({ fields: { ...fields } })),
  ),
  value: fc.oneof(
    { maxDepth: 3 },
    anyText.map((stringValue) => ({ stringValue })),
    fc.double({ noNaN: true }).map((numberValue) => ({ numberValue })),
    fc.boolean().map((boolValue) => ({ boolValue })),
    tie("struct").map((structValue) => ({ structValue })),
    fc.array(tie("value"), { minLength: 1, maxLength: 3 }).map((values) => ({ listValue: { values } })),
  ),
}));
const structs = fc.dictionary(key, struct, { minKeys: 1, maxKeys: 3 }).map((record) => ({ ...record }));

const rawHeader = fc.record({ key: anyText, raw_value: anyBytes });
const textHeader = fc.record({ key: anyText, value: anyText });
const headers = fc.array(fc.oneof(rawHeader, textHeader), { minLength: 1, maxLength: 15 });
const httpHeaders = together(
  maybe("headers", fc.record({ headers })),
  maybe("end_of_stream", fc.boolean()),
  // what we do not read
  maybe("attributes", structs),
);
const body = together(
  maybe("body", anyBytes),
  maybe("end_of_stream", fc.boolean()),
  maybe("grpc_message_compressed", fc.boolean()),
);

const phases = fc.oneof(
  httpHeaders.map((message) => ({ request_headers: message })),
  httpHeaders.map((message) => ({ response_headers: message })),
  body.map((message) => ({ request_body: message })),
  body.map((message) => ({ response_body: message })),
  headers.map((trailers) => ({ response_trailers: { trailers: { headers: trailers } } })),
  headers.map((trailers) => ({ request_trailers: { trailers: { headers: trailers } } })),
);
const anyRequest = together(
  phases,
  maybe("attributes", structs),
  maybe(
    "metadata_context",
    together(
      maybe("filter_metadata", structs),
      maybe("typed_filter_metadata", fc.constant({ any: { type_url: "a/b", value: Buffer.from("c") } })),
    ),
  ),
  maybe("observability_mode", fc.boolean()),
  maybe("protocol_config", fc.record({ request_body_mode: fc.constant("BUFFERED") })),
);

const mutation = fc.record({
  set_headers: fc.array(
    fc.record({
      header: fc.record({ key: anyText, raw_value: anyBytes }),
      append_action: fc.constant("OVERWRITE_IF_EXISTS_OR_ADD"),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  remove_headers: fc.array(anyText, { minLength: 1, maxLength: 4 }),
});
const common = together(
  maybe("status", fc.constantFrom("CONTINUE", "CONTINUE_AND_REPLACE")),
  maybe("header_mutation", mutation),
  maybe(
    "body_mutation",
    fc.oneof(
      fc.record({ body: anyBytes }),
      fc.record({ clear_body: fc.constant(true) }),
      fc.record({ streamed_response: fc.record({ body: anyBytes, end_of_stream: fc.boolean() }) }),
    ),
  ),
  maybe("clear_route_cache", fc.boolean()),
).map((response) => ({ response }));
const anyResponse = together(
  fc.oneof(
    common.map((message) => ({ request_headers: message })),
    common.map((message) => ({ request_body: message })),
    common.map((message) => ({ response_headers: message })),
    common.map((message) => ({ response_body: message })),
    fc.constant({ response_trailers: {} }),
    fc
      .record({
        status: fc.record({ code: fc.constantFrom(400, 429, 503) }),
        headers: mutation,
        body: anyBytes,
        details: anyText,
      })
      .map((reply) => ({ immediate_response: { ...reply, status: { code: reply.status.code } } })),
  ),
  maybe("dynamic_metadata", struct),
  maybe("override_message_timeout", fc.record({ seconds: fc.nat(), nanos: fc.nat(999_999_999) })),
  maybe(
    "mode_override",
    together(
      fc.constant({ response_header_mode: "SEND" }),
      fc.constantFrom("STREAMED", "FULL_DUPLEX_STREAMED", "BUFFERED", "NONE").map((mode) => ({
        response_body_mode: mode,
      })),
      maybe("response_trailer_mode", fc.constant("SEND")),
    ),
  ),
);

const codes: Readonly<Record<string, number>> = { BadRequest: 400, TooManyRequests: 429, ServiceUnavailable: 503 };

/** The loader gives status codes as names. */
function namedCode(response: { immediate_response?: { status?: { code?: unknown } } }): object {
  const status = response.immediate_response?.status;
  if (status !== undefined) status.code = codes[String(status.code)];
  return response;
}

function headersOf(message: HttpHeaders): object {
  const headers = readHeaders(message);
  return headers.names().map((name) => [name, headers.all(name)]);
}

/** What we understand of a request, in one form. */
function understood(request: ProcessingRequest): object {
  const phase = (message: ProcessingRequest["request_headers"]) =>
    message && { headers: headersOf(message), end_of_stream: message.end_of_stream };
  const ofBody = (message: ProcessingRequest["request_body"]) =>
    message && {
      body: message.body && Buffer.from(message.body).toString("base64"),
      end_of_stream: message.end_of_stream,
    };
  return {
    request_headers: phase(request.request_headers),
    response_headers: phase(request.response_headers),
    request_body: ofBody(request.request_body),
    response_body: ofBody(request.response_body),
    response_trailers: request.response_trailers && {},
    attributes: request.attributes,
    filter_metadata: request.metadata_context?.filter_metadata,
  };
}

describe("extProcCodec", () => {
  it("property: reads what protobufjs writes", () => {
    fc.assert(
      fc.property(anyRequest, (request) => {
        const bytes = envoy.requestSerialize(request);
        expect(understood(codec.decode(bytes))).to.deep.equal(understood(request as ProcessingRequest));
      }),
      { numRuns: 500 },
    );
  });

  it("property: protobufjs reads what it writes", () => {
    fc.assert(
      fc.property(anyResponse, (response) => {
        const bytes = codec.encode(response as ProcessingResponse);
        expect(namedCode(envoy.responseDeserialize(Buffer.from(bytes)))).to.deep.equal(response);
      }),
      { numRuns: 500 },
    );
  });

  it("reads raw values as the same text as a decoder that keeps byte order marks", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 12 }), (raw) => {
        const header = (value: HeaderValue): object => ({ request_headers: { headers: { headers: [value] } } });
        const bytes = envoy.requestSerialize(header({ key: "x-a", raw_value: Buffer.from(raw) }));
        const message = codec.decode(bytes).request_headers;
        expect(message && readHeaders(message).get("x-a")).to.equal(
          new TextDecoder("utf-8", { ignoreBOM: true }).decode(raw),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it("an empty last body stays absent, and so do empty messages of a phase stay present", () => {
    expect(codec.decode(envoy.requestSerialize({ response_body: { end_of_stream: true } }))).to.deep.equal({
      response_body: { end_of_stream: true },
    });
    const empty = { request_headers: { response: {} } };
    expect(envoy.responseDeserialize(Buffer.from(codec.encode(empty)))).to.deep.equal(empty);
  });

  it("a body does not keep the rest of what was read with it", () => {
    const bytes = envoy.requestSerialize({ request_body: { body: Buffer.alloc(10_000, 1) } });
    const read = Buffer.concat([Buffer.alloc(60_000), bytes]).subarray(60_000);
    expect(codec.decode(read).request_body?.body?.buffer.byteLength).to.be.lessThan(20_000);
  });

  it("property: random bytes are a message or an error, and a failed message leaves nothing behind", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), anyRequest, fc.nat(), fc.nat(255), (random, request, at, byte) => {
        const bytes = envoy.requestSerialize(request);
        if (bytes.length > 0) bytes[at % bytes.length] = byte;
        for (const candidate of [Buffer.from(random), bytes, bytes.subarray(0, at % (bytes.length + 1))]) {
          try {
            codec.decode(candidate);
          } catch (error) {
            expect(String(error)).to.match(/^Error: a protobuf message is broken: /);
          }
        }
      }),
    );
    const broken = { request_body: { response: { header_mutation: { remove_headers: [undefined] } } } };
    expect(() => codec.encode(broken as unknown as ProcessingResponse)).to.throw();
    expect(envoy.responseDeserialize(Buffer.from(codec.encode({ response_trailers: {} })))).to.deep.equal({
      response_trailers: {},
    });
  });

  it("a message in a message a thousand times over is an error, not a full stack", () => {
    let value: Buffer = Buffer.alloc(0);
    const wrap = (tag: number, inner: Buffer): Buffer => {
      const length: number[] = [];
      for (let rest = inner.length; ; rest >>>= 7) {
        length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
        if (rest <= 0x7f) break;
      }
      return Buffer.concat([Buffer.from([tag, ...length]), inner]);
    };
    // a Struct with a field whose Value is a Struct …
    for (let depth = 0; depth < 1_000; depth++) value = wrap(0x0a, wrap(0x12, wrap(0x2a, value)));
    const attributes = wrap(0x4a, wrap(0x12, value));
    expect(() => codec.decode(attributes)).to.throw("too many messages in one another");
  });
});
