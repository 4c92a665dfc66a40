import { expect } from "chai";
import fc from "fast-check";
import { rateLimitCodec } from "../../src/ratelimit/codec.ts";
import type { RateLimitResponse } from "../../src/ratelimit/messages.ts";
import { rateLimitPath } from "../../src/ratelimit/service.ts";
import { anyBytes, anyText, maybe, together } from "../support/arbitraries.ts";
import { peerCodec } from "../support/protos.ts";

const codec = rateLimitCodec();
const envoy = peerCodec(rateLimitPath);

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const descriptor = together(
  maybe("entries", fc.array(together(maybe("key", anyText), maybe("value", anyText)), { minLength: 1, maxLength: 4 })),
  maybe(
    "limit",
    together(
      maybe("requests_per_unit", uint32),
      maybe("unit", fc.constantFrom("UNKNOWN", "SECOND", "MINUTE", "HOUR", "DAY", "MONTH", "YEAR")),
    ),
  ),
  maybe("hits_addend", together(maybe("value", fc.maxSafeNat()))),
  maybe("is_negative_hits", fc.boolean()),
);
const anyRequest = together(
  maybe("domain", anyText),
  maybe("descriptors", fc.array(descriptor, { minLength: 1, maxLength: 5 })),
  maybe("hits_addend", uint32),
);

const code = fc.constantFrom("OK", "OVER_LIMIT");
const status = together(
  code.map((chosen) => ({ code: chosen })),
  maybe(
    "current_limit",
    fc.record({
      requests_per_unit: uint32,
      unit: fc.constantFrom("UNKNOWN", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR"),
      name: anyText,
    }),
  ),
  maybe("limit_remaining", uint32),
  maybe("duration_until_reset", fc.record({ seconds: fc.integer(), nanos: fc.integer({ min: 0, max: 999_999_999 }) })),
);
const anyResponse = together(
  fc.record({ overall_code: code, statuses: fc.array(status, { minLength: 1, maxLength: 5 }) }),
  maybe(
    "response_headers_to_add",
    fc.array(fc.record({ key: anyText, value: anyText }), { minLength: 1, maxLength: 4 }),
  ),
  maybe("raw_body", anyBytes),
);

describe("rateLimitCodec", () => {
  it("property: reads what protobufjs writes", () => {
    fc.assert(
      fc.property(anyRequest, (request) => {
        expect(codec.decode(envoy.requestSerialize(request))).to.deep.equal(request);
      }),
      { numRuns: 500 },
    );
  });

  it("property: protobufjs reads what it writes", () => {
    fc.assert(
      fc.property(anyResponse, (response) => {
        const bytes = Buffer.from(codec.encode(response as RateLimitResponse));
        expect(envoy.responseDeserialize(bytes)).to.deep.equal(response);
      }),
      { numRuns: 500 },
    );
  });

  it("property: random bytes are a message or an error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (random) => {
        try {
          codec.decode(random);
        } catch (error) {
          expect(String(error)).to.match(/^Error: a protobuf message is broken: /);
        }
      }),
    );
  });
});
