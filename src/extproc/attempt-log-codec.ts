import type { Codec } from "../grpc/server.ts";
import { noBytes } from "../lib/bytes.ts";
import { readMapEntry } from "../lib/protobuf/map-entry.ts";
import { ProtoReader } from "../lib/protobuf/reader.ts";
import type { LogEntry, LogMessage } from "./attempt-log.ts";

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** envoy.data.accesslog.v3.ResponseFlags, by field number: those that are just set or not. */
const flagNames: readonly (string | undefined)[] = [
  undefined,
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
  undefined,
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
];

/** Of `AccessLogService/StreamAccessLogs`, for the members that `attempt-log.ts` names: others are skipped. The answer has none. */
export const attemptLogCodec: Codec<LogMessage, object> = { decode: readMessage, encode: () => noBytes };

/** Hands each field of the message at hand to `field`, which says whether it has read it. */
function readFields(reader: ProtoReader, field: (tag: number) => boolean): void {
  const outer = reader.enter();
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) if (!field(tag)) reader.skip(tag);
  reader.leave(outer);
}

function readMessage(bytes: Uint8Array): LogMessage {
  const reader = new ProtoReader(bytes);
  const entries: LogEntry[] = [];
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag !== 0x12) {
      reader.skip(tag);
      continue;
    }
    readFields(reader, (inner) => {
      if (inner !== 0x0a) return false;
      entries.push(readEntry(reader));
      return true;
    });
  }
  return entries.length === 0 ? {} : { http_logs: { log_entry: entries } };
}

function readEntry(reader: ProtoReader): LogEntry {
  const entry: Writable<LogEntry> = {};
  readFields(reader, (tag) => {
    if (tag === 0x0a) entry.common_properties = readCommon(reader);
    else if (tag === 0x1a) entry.request = readRequest(reader);
    else if (tag === 0x22) entry.response = readResponse(reader);
    else return false;
    return true;
  });
  return entry;
}

function readCommon(reader: ProtoReader): NonNullable<LogEntry["common_properties"]> {
  const common: Writable<NonNullable<LogEntry["common_properties"]>> = {};
  readFields(reader, (tag) => {
    if (tag === 0x7a) common.upstream_cluster = reader.string();
    else if (tag === 0x82) common.response_flags = readFlags(reader);
    else return false;
    return true;
  });
  return common;
}

function readFlags(reader: ProtoReader): Readonly<Record<string, boolean>> {
  const flags: Record<string, boolean> = {};
  readFields(reader, (tag) => {
    const name = tag % 8 === 0 ? flagNames[tag / 8] : undefined;
    if (name === undefined) return false;
    flags[name] = reader.bool();
    return true;
  });
  return flags;
}

function readRequest(reader: ProtoReader): NonNullable<LogEntry["request"]> {
  let headers: Record<string, string> | undefined;
  readFields(reader, (tag) => {
    if (tag !== 0x6a) return false;
    headers ??= {};
    readMapEntry(
      reader,
      headers,
      () => reader.string(),
      () => "",
    );
    return true;
  });
  return headers === undefined ? {} : { request_headers: headers };
}

function readResponse(reader: ProtoReader): NonNullable<LogEntry["response"]> {
  let code: { value?: number } | undefined;
  readFields(reader, (tag) => {
    if (tag !== 0x0a) return false;
    code = {};
    const wrapper = code;
    readFields(reader, (inner) => {
      if (inner !== 0x08) return false;
      wrapper.value = reader.uint();
      return true;
    });
    return true;
  });
  return code === undefined ? {} : { response_code: code };
}
