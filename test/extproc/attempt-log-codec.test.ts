import { expect } from "chai";
import fc from "fast-check";
import { attemptLogPath } from "../../src/extproc/attempt-log.ts";
import { attemptLogCodec } from "../../src/extproc/attempt-log-codec.ts";
import { anyText, maybe, together } from "../support/arbitraries.ts";
import { peerCodec } from "../support/protos.ts";

const envoy = peerCodec(attemptLogPath);

const text = anyText.filter((one) => one !== "__proto__");
const flags = fc.constantFrom(
  "failed_local_healthcheck",
  "no_healthy_upstream",
  "upstream_request_timeout",
  "local_reset",
  "upstream_remote_reset",
  "upstream_connection_failure",
  "upstream_connection_termination",
  "upstream_overflow",
  "no_route_found",
  "delay_injected",
  "fault_injected",
  "rate_limited",
  "rate_limit_service_error",
  "downstream_connection_termination",
  "upstream_retry_limit_exceeded",
  "stream_idle_timeout",
  "invalid_envoy_request_headers",
  "downstream_protocol_error",
  "upstream_max_stream_duration_reached",
  "response_from_cache_filter",
  "no_filter_config_found",
  "duration_timeout",
  "upstream_protocol_error",
  "no_cluster_found",
  "overload_manager",
  "dns_resolution_failure",
  "downstream_remote_reset",
);
const entry = together(
  maybe(
    "common_properties",
    together(
      maybe("upstream_cluster", anyText),
      maybe(
        "response_flags",
        fc.dictionary(flags, fc.boolean(), { maxKeys: 4 }).map((record) => ({ ...record })),
      ),
    ),
  ),
  maybe(
    "request",
    together(
      maybe(
        "request_headers",
        fc.dictionary(text, anyText, { minKeys: 1, maxKeys: 4 }).map((record) => ({ ...record })),
      ),
    ),
  ),
  maybe("response", together(maybe("response_code", together(maybe("value", fc.nat(599)))))),
);

describe("attemptLogCodec", () => {
  it("property: reads what protobufjs writes", () => {
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 4 }), (entries) => {
        const message = { http_logs: { log_entry: entries } };
        expect(attemptLogCodec.decode(envoy.requestSerialize(message))).to.deep.equal(message);
      }),
      { numRuns: 300 },
    );
  });

  it("passes over what it does not read", () => {
    const message = {
      identifier: { log_name: "attempts", node: { id: "envoy" } },
      http_logs: {
        log_entry: [
          {
            protocol_version: "HTTP2",
            common_properties: {
              sample_rate: 1,
              start_time: { seconds: 5, nanos: 1 },
              upstream_cluster: "backend",
              response_flags: { unauthorized_details: { reason: "EXTERNAL_SERVICE" }, local_reset: true },
            },
            request: { path: "/v1", request_headers_bytes: 300, request_headers: { a: "b" } },
            response: { response_code: { value: 200 }, response_code_details: "via_upstream" },
          },
        ],
      },
    };
    expect(attemptLogCodec.decode(envoy.requestSerialize(message))).to.deep.equal({
      http_logs: {
        log_entry: [
          {
            common_properties: { upstream_cluster: "backend", response_flags: { local_reset: true } },
            request: { request_headers: { a: "b" } },
            response: { response_code: { value: 200 } },
          },
        ],
      },
    });
  });
});
