import { isIP } from "node:net";
import type { Backend, RuntimeConfig } from "../core/runtime-config.ts";
import { attemptFilters } from "./attempt-filters.ts";
import { backendNamespace, tollgateCluster } from "./names.ts";
import { type Json, type JsonObject, type RenderOptions, typed } from "./options.ts";

/** Envoy resets every ext_proc stream at its end, and Node's HTTP/2 answers a burst of resets with GOAWAY: connections are renewed before that. */
const requestsPerGrpcConnection = 500;

/** With a server that takes any number of them. Stream numbers end after a thousand times as many. */
const requestsPerLastingConnection = 1_000_000;

const manyRequests: JsonObject = {
  thresholds: [{ max_requests: 100_000, max_pending_requests: 100_000, max_connections: 100_000, max_retries: 10_000 }],
};

function socketAddress(address: string, port: number): JsonObject {
  return { socket_address: { address, port_value: port } };
}

/** `unix:/path` or `host:port` as an Envoy address. */
function grpcAddress(address: string): JsonObject {
  if (address.startsWith("unix:")) return { pipe: { path: address.slice("unix:".length) } };
  const colon = address.lastIndexOf(":");
  return socketAddress(address.slice(0, colon).replace(/^\[|\]$/g, ""), Number(address.slice(colon + 1)));
}

function httpOptions(members: JsonObject): JsonObject {
  return {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      members,
    ),
  };
}

/** ext_proc, rate limits and access logs: our own gRPC services. */
export function renderTollgateCluster(config: RuntimeConfig, options: RenderOptions): JsonObject {
  return {
    name: tollgateCluster,
    type: options.grpcAddress.startsWith("unix:") ? "STATIC" : "STRICT_DNS",
    connect_timeout: "1s",
    per_connection_buffer_limit_bytes: config.settings.listener.bufferLimitBytes,
    circuit_breakers: manyRequests,
    typed_extension_protocol_options: httpOptions({
      common_http_protocol_options: {
        max_requests_per_connection: options.grpcTakesAllResets
          ? requestsPerLastingConnection
          : requestsPerGrpcConnection,
      },
      explicit_http_config: { http2_protocol_options: {} },
    }),
    load_assignment: {
      cluster_name: tollgateCluster,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: grpcAddress(options.grpcAddress) } }] }],
    },
  };
}

function tlsMembers(backend: Backend, options: RenderOptions): JsonObject {
  const { tls } = backend.endpoint;
  if (tls === undefined) return {};
  const validation: JsonObject = tls.insecureSkipVerify
    ? { trust_chain_verification: "ACCEPT_UNTRUSTED" }
    : {
        trusted_ca: { filename: tls.caFile ?? options.trustedCaFile },
        match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact: tls.sni } }],
      };
  return {
    transport_socket: {
      name: "envoy.transport_sockets.tls",
      typed_config: typed("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", {
        sni: tls.sni,
        common_tls_context: { validation_context: validation },
      }),
    },
    // the tombstone speaks plain HTTP
    transport_socket_matches: [
      {
        name: "tombstone",
        match: { tombstone: true },
        transport_socket: {
          name: "envoy.transport_sockets.raw_buffer",
          typed_config: typed("envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer", {}),
        },
      },
    ],
  };
}

/** The Host header that Envoy sends to this backend; signatures are made for it. */
export function hostHeader(backend: Backend): string {
  const { hostname, port, tls } = backend.endpoint;
  return port === (tls === undefined ? 80 : 443) ? hostname : `${hostname}:${port}`;
}

/**
 * One cluster per backend, so that TLS, timeouts, circuit breakers and statistics are each provider's own. A second-priority
 * endpoint, the tombstone, answers 503 when no host is healthy: a cluster without one would end the request instead of letting
 * the next backend have its turn.
 */
export function renderBackendCluster(backend: Backend, config: RuntimeConfig, options: RenderOptions): JsonObject {
  const { hostname, port } = backend.endpoint;
  const endpoints: Json = [
    {
      priority: 0,
      lb_endpoints: [{ endpoint: { hostname: hostHeader(backend), address: socketAddress(hostname, port) } }],
    },
    {
      priority: 1,
      lb_endpoints: [
        {
          endpoint: { address: socketAddress("127.0.0.1", options.tombstonePort) },
          metadata: { filter_metadata: { "envoy.transport_socket_match": { tombstone: true } } },
        },
      ],
    },
  ];
  return {
    name: backend.id,
    type: isIP(hostname) === 0 ? "STRICT_DNS" : "STATIC",
    // Envoy's default prefers IPv6 even where none leads anywhere, and then `localhost` is only ::1
    dns_lookup_family: "V4_PREFERRED",
    connect_timeout: "5s",
    per_connection_buffer_limit_bytes: config.settings.listener.bufferLimitBytes,
    metadata: { filter_metadata: { [backendNamespace]: { per_route_rule_backend_name: backend.id } } },
    circuit_breakers: manyRequests,
    ...tlsMembers(backend, options),
    typed_extension_protocol_options: httpOptions({
      explicit_http_config: { http_protocol_options: {} },
      http_filters: attemptFilters(backend.id, config),
    }),
    // without the factor Envoy moves live traffic to the tombstone as soon as 28 % of the hosts are unhealthy
    load_assignment: { cluster_name: backend.id, policy: { overprovisioning_factor: 100_000 }, endpoints },
  };
}
