import type { Codec } from "../grpc/server.ts";
import { ProtoReader } from "../lib/protobuf/reader.ts";
import { ProtoWriter } from "../lib/protobuf/writer.ts";
import type { DescriptorStatus, RateLimitDescriptor, RateLimitRequest, RateLimitResponse } from "./messages.ts";

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

const codes = { OK: 1, OVER_LIMIT: 2 } as const;
/** Of requests (envoy.type.v3.RateLimitUnit) and of answers, which know weeks. */
const unitNames = ["UNKNOWN", "SECOND", "MINUTE", "HOUR", "DAY", "MONTH", "YEAR"];
const units: Readonly<Record<string, number>> = {
  UNKNOWN: 0,
  SECOND: 1,
  MINUTE: 2,
  HOUR: 3,
  DAY: 4,
  MONTH: 5,
  YEAR: 6,
  WEEK: 7,
};

/** Of `RateLimitService/ShouldRateLimit`, for the members that `messages.ts` names: others are skipped. */
export function rateLimitCodec(): Codec<RateLimitRequest, RateLimitResponse> {
  const writer = new ProtoWriter();
  return {
    decode: readRequest,
    encode: (response) => {
      try {
        writeResponse(writer, response);
        return writer.finish();
      } finally {
        writer.discard();
      }
    },
  };
}

function readRequest(bytes: Uint8Array): RateLimitRequest {
  const reader = new ProtoReader(bytes);
  const request: Writable<RateLimitRequest> = {};
  const descriptors: RateLimitDescriptor[] = [];
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === 0x0a) request.domain = reader.string();
    else if (tag === 0x12) descriptors.push(readDescriptor(reader));
    else if (tag === 0x18) request.hits_addend = reader.uint();
    else reader.skip(tag);
  }
  if (descriptors.length > 0) request.descriptors = descriptors;
  return request;
}

function readDescriptor(reader: ProtoReader): RateLimitDescriptor {
  const outer = reader.enter();
  const descriptor: Writable<RateLimitDescriptor> = {};
  const entries: NonNullable<RateLimitDescriptor["entries"]>[number][] = [];
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === 0x0a) entries.push(readEntry(reader));
    else if (tag === 0x12) descriptor.limit = readOverride(reader);
    else if (tag === 0x1a) descriptor.hits_addend = readWrapper(reader);
    else if (tag === 0x20) descriptor.is_negative_hits = reader.bool();
    else reader.skip(tag);
  }
  reader.leave(outer);
  if (entries.length > 0) descriptor.entries = entries;
  return descriptor;
}

function readEntry(reader: ProtoReader): { key?: string; value?: string } {
  const outer = reader.enter();
  const entry: { key?: string; value?: string } = {};
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === 0x0a) entry.key = reader.string();
    else if (tag === 0x12) entry.value = reader.string();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return entry;
}

function readOverride(reader: ProtoReader): NonNullable<RateLimitDescriptor["limit"]> {
  const outer = reader.enter();
  const limit: Writable<NonNullable<RateLimitDescriptor["limit"]>> = {};
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === 0x08) limit.requests_per_unit = reader.uint();
    else if (tag === 0x10) {
      const unit = unitNames[reader.uint()];
      if (unit !== undefined) limit.unit = unit;
    } else reader.skip(tag);
  }
  reader.leave(outer);
  return limit;
}

function readWrapper(reader: ProtoReader): { value?: number } {
  const outer = reader.enter();
  const wrapper: { value?: number } = {};
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === 0x08) wrapper.value = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return wrapper;
}

function writeResponse(writer: ProtoWriter, response: RateLimitResponse): void {
  writer.uint(1, codes[response.overall_code]);
  for (const status of response.statuses) {
    writer.begin(2);
    writeStatus(writer, status);
    writer.end();
  }
  for (const { key, value } of response.response_headers_to_add ?? []) {
    writer.begin(3);
    writer.string(1, key);
    writer.string(2, value);
    writer.end();
  }
  if (response.raw_body !== undefined) writer.bytes(5, response.raw_body);
}

function writeStatus(writer: ProtoWriter, status: DescriptorStatus): void {
  writer.uint(1, codes[status.code]);
  if (status.current_limit !== undefined) {
    const { name, requests_per_unit, unit } = status.current_limit;
    writer.begin(2);
    writer.uint(1, requests_per_unit);
    writer.uint(2, units[unit] ?? 0);
    writer.string(3, name);
    writer.end();
  }
  if (status.limit_remaining !== undefined) writer.uint(3, status.limit_remaining);
  if (status.duration_until_reset !== undefined) {
    writer.begin(4);
    writer.uint(1, status.duration_until_reset.seconds);
    writer.uint(2, status.duration_until_reset.nanos);
    writer.end();
  }
}
