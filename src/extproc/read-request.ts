import { readMapEntry } from "../lib/protobuf/map-entry.ts";
import { ProtoReader } from "../lib/protobuf/reader.ts";
import type { HeaderValue, HttpBody, HttpHeaders, ProcessingRequest, ProtoStruct } from "./messages.ts";
import { readStruct } from "./struct-codec.ts";

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** Bodies that share their memory with much else are copied: they live as long as their request. */
const sharedTimes = 2;

/** @throws Error when the bytes are no message */
export function readProcessingRequest(bytes: Uint8Array): ProcessingRequest {
  const reader = new ProtoReader(bytes);
  const request: Writable<ProcessingRequest> = {};
  let attributes: Record<string, ProtoStruct> | undefined;
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    switch (tag) {
      case 0x12:
        request.request_headers = readHeaders(reader);
        break;
      case 0x1a:
        request.response_headers = readHeaders(reader);
        break;
      case 0x22:
        request.request_body = readBody(reader);
        break;
      case 0x2a:
        request.response_body = readBody(reader);
        break;
      case 0x3a:
        reader.skip(tag);
        request.response_trailers = {};
        break;
      case 0x42:
        request.metadata_context = readMetadata(reader);
        break;
      case 0x4a:
        attributes ??= {};
        readMapEntry(reader, attributes, readStruct, () => ({}));
        break;
      default:
        reader.skip(tag);
    }
  }
  if (attributes !== undefined) request.attributes = attributes;
  return request;
}

function readHeaders(reader: ProtoReader): HttpHeaders {
  const outer = reader.enter();
  const message: Writable<HttpHeaders> = {};
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === 0x0a) message.headers = readHeaderMap(reader);
    else if (tag === 0x18) message.end_of_stream = reader.bool();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return message;
}

function readHeaderMap(reader: ProtoReader): { headers?: readonly HeaderValue[] } {
  const outer = reader.enter();
  const headers: HeaderValue[] = [];
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === 0x0a) headers.push(readHeader(reader));
    else reader.skip(tag);
  }
  reader.leave(outer);
  return headers.length === 0 ? {} : { headers };
}

/** Bytes that are a value become its text here: a view of each would cost more than the text. */
function readHeader(reader: ProtoReader): HeaderValue {
  const outer = reader.enter();
  let key: string | undefined;
  let value = "";
  let raw = "";
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === 0x0a) key = reader.string();
    else if (tag === 0x12) value = reader.string();
    else if (tag === 0x1a) raw = reader.string();
    else reader.skip(tag);
  }
  reader.leave(outer);
  const text = raw === "" ? value : raw;
  return key === undefined ? { value: text } : { key, value: text };
}

function readBody(reader: ProtoReader): HttpBody {
  const outer = reader.enter();
  const message: Writable<HttpBody> = {};
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === 0x0a) {
      const body = reader.bytes();
      message.body = body.buffer.byteLength > body.length * sharedTimes ? Buffer.from(body) : body;
    } else if (tag === 0x10) message.end_of_stream = reader.bool();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return message;
}

function readMetadata(reader: ProtoReader): NonNullable<ProcessingRequest["metadata_context"]> {
  const outer = reader.enter();
  let metadata: Record<string, ProtoStruct> | undefined;
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === 0x0a) {
      metadata ??= {};
      readMapEntry(reader, metadata, readStruct, () => ({}));
    } else reader.skip(tag);
  }
  reader.leave(outer);
  return metadata === undefined ? {} : { filter_metadata: metadata };
}
