import type { ProtoWriter } from "../lib/protobuf/writer.ts";
import type { CommonResponse, HeaderMutationMessage, ImmediateResponse, ProcessingResponse } from "./messages.ts";
import { writeStruct } from "./struct-codec.ts";

const statuses = { CONTINUE: 0, CONTINUE_AND_REPLACE: 1 } as const;
const bodyModes = { NONE: 0, STREAMED: 1, BUFFERED: 2, FULL_DUPLEX_STREAMED: 4 } as const;
const sendHeaders = 1;
const overwriteOrAdd = 2;

/** What a message is larger than its body, about. */
const envelopeBytes = 300;

export function writeProcessingResponse(writer: ProtoWriter, response: ProcessingResponse): void {
  if (response.request_headers !== undefined) writePhase(writer, 1, response.request_headers.response);
  if (response.response_headers !== undefined) writePhase(writer, 2, response.response_headers.response);
  if (response.request_body !== undefined) writePhase(writer, 3, response.request_body.response);
  if (response.response_body !== undefined) writePhase(writer, 4, response.response_body.response);
  if (response.response_trailers !== undefined) {
    writer.begin(6);
    writer.end();
  }
  if (response.immediate_response !== undefined) writeImmediate(writer, response.immediate_response);
  if (response.dynamic_metadata !== undefined) {
    writer.begin(8, envelopeBytes);
    writeStruct(writer, response.dynamic_metadata);
    writer.end();
  }
  if (response.mode_override !== undefined) {
    const mode = response.mode_override;
    writer.begin(9);
    writer.uint(2, sendHeaders);
    writer.uint(4, bodyModes[mode.response_body_mode]);
    if (mode.response_trailer_mode !== undefined) writer.uint(6, sendHeaders);
    writer.end();
  }
  if (response.override_message_timeout !== undefined) {
    const { seconds, nanos } = response.override_message_timeout;
    writer.begin(10);
    writer.uint(1, seconds);
    writer.uint(2, nanos);
    writer.end();
  }
}

/** HeadersResponse and BodyResponse are alike. */
function writePhase(writer: ProtoWriter, field: number, common: CommonResponse): void {
  const { body_mutation: mutation, header_mutation: headers } = common;
  const bytes = mutation === undefined ? 0 : bodyBytes(mutation);
  const likely = bytes + (headers === undefined ? 0 : envelopeBytes);
  writer.begin(field, likely);
  writer.begin(1, likely);
  if (common.status !== undefined) writer.uint(1, statuses[common.status]);
  if (headers !== undefined) writeHeaders(writer, 2, headers);
  if (mutation !== undefined) {
    writer.begin(3, bytes);
    if ("body" in mutation) writer.bytes(1, mutation.body);
    else if ("clear_body" in mutation) writer.bool(2, true);
    else {
      writer.begin(3, bytes);
      writer.bytes(1, mutation.streamed_response.body);
      writer.bool(2, mutation.streamed_response.end_of_stream);
      writer.end();
    }
    writer.end();
  }
  if (common.clear_route_cache !== undefined) writer.bool(5, common.clear_route_cache);
  writer.end();
  writer.end();
}

function bodyBytes(mutation: NonNullable<CommonResponse["body_mutation"]>): number {
  if ("body" in mutation) return mutation.body.length;
  return "streamed_response" in mutation ? mutation.streamed_response.body.length : 0;
}

function writeHeaders(writer: ProtoWriter, field: number, mutation: HeaderMutationMessage): void {
  writer.begin(field, envelopeBytes);
  for (const { header } of mutation.set_headers ?? []) {
    writer.begin(1);
    writer.begin(1);
    writer.string(1, header.key);
    writer.bytes(3, header.raw_value);
    writer.end();
    writer.uint(3, overwriteOrAdd);
    writer.end();
  }
  for (const name of mutation.remove_headers ?? []) writer.string(2, name);
  writer.end();
}

function writeImmediate(writer: ProtoWriter, reply: ImmediateResponse): void {
  writer.begin(7, reply.body.length + envelopeBytes);
  writer.begin(1);
  writer.uint(1, reply.status.code);
  writer.end();
  writeHeaders(writer, 2, reply.headers);
  writer.bytes(3, reply.body);
  writer.string(5, reply.details);
  writer.end();
}
