import { fileURLToPath } from "node:url";
import { loadSync } from "@grpc/proto-loader";
import type { Codec } from "./server.ts";

const root = fileURLToPath(new URL("../../proto/", import.meta.url));

const definitions = loadSync(
  [
    "envoy/service/ext_proc/v3/external_processor.proto",
    "envoy/service/ratelimit/v3/rls.proto",
    "envoy/service/discovery/v3/ads.proto",
    "envoy/service/accesslog/v3/als.proto",
  ],
  // without `defaults`: an absent message stays absent, and an empty last body is undefined
  { keepCase: true, longs: Number, enums: String, oneofs: true, includeDirs: [root] },
);

/**
 * The codec of one method of the vendored protos, e.g. `/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit`.
 * The caller states the message types (proto-loader form: snake_case, enums as strings, absent = undefined).
 */
export function methodCodec<Request, Response>(path: string): Codec<Request, Response> {
  const [service, method] = path.slice(1).split("/");
  const definition = definitions[service ?? ""];
  if (definition === undefined || "format" in definition)
    throw new Error(`no service ${service} in the vendored protos`);
  const found = (
    definition as Record<
      string,
      { path: string; requestDeserialize: (b: Buffer) => object; responseSerialize: (v: object) => Buffer } | undefined
    >
  )[method ?? ""];
  if (found === undefined) throw new Error(`no method ${path} in the vendored protos`);
  return {
    decode: (bytes) =>
      found.requestDeserialize(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) as Request,
    encode: (response) => found.responseSerialize(response as object),
  };
}
