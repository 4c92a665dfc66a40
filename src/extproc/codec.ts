import type { Codec } from "../grpc/server.ts";
import { ProtoWriter } from "../lib/protobuf/writer.ts";
import type { ProcessingRequest, ProcessingResponse } from "./messages.ts";
import { readProcessingRequest } from "./read-request.ts";
import { writeProcessingResponse } from "./write-response.ts";

/** Of `ExternalProcessor/Process`, for the members that `messages.ts` names: others are skipped. */
export function extProcCodec(): Codec<ProcessingRequest, ProcessingResponse> {
  const writer = new ProtoWriter();
  return {
    decode: readProcessingRequest,
    encode: (response) => {
      try {
        writeProcessingResponse(writer, response);
        return writer.finish();
      } finally {
        writer.discard();
      }
    },
  };
}
