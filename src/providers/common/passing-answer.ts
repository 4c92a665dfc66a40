import { emptyPatch, type HeaderPatch } from "../../core/headers.ts";
import type { ResponseHead, Translated, Translator } from "../../core/translator.ts";
import { noBytes } from "../../lib/bytes.ts";
import { GatewayError } from "../../lib/errors.ts";
import { decodeBuffered, isIdentity, makeStreamDecoder } from "./content-encoding.ts";
import type { StreamDecoder } from "./inflate-stream.ts";
import { PassingJson, type ReadJson } from "./passing-json.ts";
import type { PassingStream } from "./passing-stream.ts";
import { unknownError } from "./unknown-error.ts";

/** How the answers of one API are read while they pass. */
export interface PassingReaders {
  readonly readJson: ReadJson;
  makeStream(): PassingStream;
  /** The error of a complete answer that is not 2xx; `unchanged`: its body is in the client's dialect and may pass (R18). */
  readError(status: number, body: Uint8Array): { readonly error: GatewayError; readonly unchanged: boolean };
}

/**
 * The answering half of a translator whose client and provider speak the same API: bytes pass, and are read on the way. What the
 * answer's content type says it is decides, not what was asked for (R142).
 */
export function makePassingAnswer({ readJson, makeStream, readError }: PassingReaders): Omit<Translator, "request"> {
  let answer: Answer | undefined;

  function began(): Answer {
    if (answer === undefined) throw new GatewayError("internal_error", "the answer's body came before its headers");
    return answer;
  }

  return {
    responseHeaders(head) {
      const contentEncoding = head.headers.get("content-encoding");
      const passes = isIdentity(contentEncoding);
      if (mediaType(head) !== "text/event-stream") {
        answer = new PassingJson(passes ? undefined : contentEncoding, readJson);
        return { headers: passes ? emptyPatch : bodyChanges, stream: false };
      }
      const stream = makeStream();
      answer = passes ? stream : decompressed(stream, makeStreamDecoder(contentEncoding));
      return { headers: bodyChanges, stream: true };
    },
    responseBody: (chunk) => began().push(chunk),
    responseEnd: () => began().end(),
    closeOpen: () => began().closeOpen?.() ?? noBytes,
    responseError(head, body) {
      const contentEncoding = head.headers.get("content-encoding");
      let plain: Uint8Array;
      try {
        plain = decodeBuffered(body, contentEncoding);
      } catch {
        return { error: unknownError(head.status, noBytes), unchanged: false }; // its status is all we can read of it
      }
      const { error, unchanged } = readError(head.status, plain);
      // status and headers pass with the body, so they must be right as well (R36)
      const passes =
        isIdentity(contentEncoding) && mediaType(head) === "application/json" && error.status === head.status;
      return { error, unchanged: unchanged && passes };
    },
  };
}

interface Answer {
  push(chunk: Uint8Array): Translated;
  end(): Translated;
  closeOpen?(): Uint8Array;
}

/** The body is or may be changed: a stream may grow an error event or lose an event, and leaves uncompressed (R34). */
const bodyChanges: HeaderPatch = { set: {}, remove: ["content-encoding", "content-length"] };

function mediaType(head: ResponseHead): string | undefined {
  return head.headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
}

/** The stream of a provider that compresses although it was asked not to. */
function decompressed(stream: Answer, decoder: StreamDecoder): Answer {
  return {
    push(chunk) {
      const bytes = decoder.push(chunk);
      const told = stream.push(bytes);
      return { ...told, body: told.body ?? bytes };
    },
    end: () => stream.end(),
    closeOpen: () => stream.closeOpen?.() ?? noBytes,
  };
}
