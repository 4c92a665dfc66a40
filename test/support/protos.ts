import { fileURLToPath } from "node:url";
import { loadSync } from "@grpc/proto-loader";

const definitions = loadSync(
  [
    "envoy/service/ext_proc/v3/external_processor.proto",
    "envoy/service/ratelimit/v3/rls.proto",
    "envoy/service/accesslog/v3/als.proto",
  ],
  {
    keepCase: true,
    longs: Number,
    enums: String,
    includeDirs: [fileURLToPath(new URL("../../proto/", import.meta.url))],
  },
);

interface PeerCodec {
  readonly requestSerialize: (message: object) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => object;
}

/** The other side's half of a method's codec, made by protobufjs from the vendored protos. */
export function peerCodec(path: string): PeerCodec {
  const [service = "", method = ""] = path.slice(1).split("/");
  return (definitions[service] as unknown as Record<string, PeerCodec>)[method] as PeerCodec;
}
