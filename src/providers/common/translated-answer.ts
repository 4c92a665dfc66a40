import type { HeaderPatch } from "../../core/headers.ts";
import type { AttemptInput, ResponseHead, Translated, Translator } from "../../core/translator.ts";
import { concatBytes } from "../../lib/bytes.ts";
import { GatewayError } from "../../lib/errors.ts";
import { AnswerSink } from "./answer-sink.ts";
import type { AnswerWriter } from "./answer-writer.ts";
import { decodeBuffered, makeStreamDecoder } from "./content-encoding.ts";

/** How one provider answers; what it says is turned into operations of a writer. */
export interface AnswerReaders<W extends AnswerWriter> {
  /** Media type of the provider's streams, in lower case. */
  readonly streamMediaType: string;
  /** Reads a complete JSON answer. @throws GatewayError when it is none */
  readAnswer(body: Uint8Array, head: ResponseHead, sink: AnswerSink<W>): void;
  makeStreamReader(head: ResponseHead, sink: AnswerSink<W>): StreamReader;
}

/** Reads a provider's stream. Calls the sink's writer as soon as an event is complete (R144). */
export interface StreamReader {
  /** The terminal event was seen; what follows does not matter. */
  readonly complete: boolean;
  /** @throws GatewayError when the stream fails here */
  push(chunk: Uint8Array): void;
  /** @throws GatewayError `upstream_truncated` when the stream is not complete */
  end(): void;
}

/** The answering half of a `Translator`. */
export type TranslatedAnswer = Pick<Translator, "responseHeaders" | "responseBody" | "responseEnd" | "closeOpen">;

/**
 * The answering half of a translator between two APIs: streams piece by piece, JSON answers whole. A JSON answer to a client that wants
 * a stream becomes a complete stream, a stream for a client that wants JSON is an error, though its usage counts (R142).
 */
export function makeTranslatedAnswer<W extends AnswerWriter>(
  input: AttemptInput,
  readers: AnswerReaders<W>,
  makeWriter: (stream: boolean) => W,
): TranslatedAnswer {
  let answer: PieceReader | undefined;
  return {
    responseHeaders(head) {
      const wanted = input.request.stream;
      const streamed = mediaType(head) === readers.streamMediaType;
      const sink = new AnswerSink(makeWriter(wanted));
      answer = new PieceReader(
        sink,
        streamed ? streamPieces(readers, head, sink, wanted) : wholeAnswer(readers, head, sink),
      );
      return { headers: wanted ? streamHeaders : jsonHeaders, stream: streamed && wanted };
    },
    responseBody(chunk) {
      return began(answer).read((pieces) => pieces.push(chunk));
    },
    responseEnd() {
      return began(answer).read((pieces) => pieces.end());
    },
    closeOpen() {
      return began(answer).closeOpen();
    },
  };
}

const removedHeaders = ["content-encoding", "content-length"];
const jsonHeaders: HeaderPatch = { set: { "content-type": "application/json" }, remove: removedHeaders };
const streamHeaders: HeaderPatch = {
  set: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" },
  remove: removedHeaders,
};

function mediaType(head: ResponseHead): string {
  return (head.headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

function began(answer: PieceReader | undefined): PieceReader {
  if (answer === undefined) throw new GatewayError("internal_error", "the answer's body came before its headers");
  return answer;
}

interface Pieces {
  push(chunk: Uint8Array): void;
  end(): void;
}

/** Turns what reading a piece did, or threw, into a `Translated`. After a failure nothing more is read. */
class PieceReader {
  readonly #sink: AnswerSink<AnswerWriter>;
  readonly #pieces: Pieces;
  #failed = false;

  constructor(sink: AnswerSink<AnswerWriter>, pieces: Pieces) {
    this.#sink = sink;
    this.#pieces = pieces;
  }

  read(step: (pieces: Pieces) => void): Translated {
    let failure: GatewayError | undefined;
    try {
      if (!this.#failed) step(this.#pieces);
    } catch (thrown) {
      failure = GatewayError.from(thrown, "bad_upstream_stream");
      this.#failed = true;
    }
    const { writer, usage, model } = this.#sink;
    const outputBytes = writer.takeOutputBytes();
    return { body: writer.take(), usage, model, notes: this.#sink.takeNotes(), outputBytes, failure };
  }

  closeOpen(): Uint8Array {
    const { writer } = this.#sink;
    writer.closeOpen?.();
    return writer.take();
  }
}

function wholeAnswer<W extends AnswerWriter>(
  readers: AnswerReaders<W>,
  head: ResponseHead,
  sink: AnswerSink<W>,
): Pieces {
  const chunks: Uint8Array[] = [];
  return {
    push(chunk) {
      chunks.push(chunk.slice());
    },
    end() {
      readers.readAnswer(decodeBuffered(concatBytes(chunks), head.headers.get("content-encoding")), head, sink);
    },
  };
}

function streamPieces<W extends AnswerWriter>(
  readers: AnswerReaders<W>,
  head: ResponseHead,
  sink: AnswerSink<W>,
  wanted: boolean,
): Pieces {
  const decoder = makeStreamDecoder(head.headers.get("content-encoding"));
  const reader = readers.makeStreamReader(head, sink);
  return {
    push(chunk) {
      if (!reader.complete) reader.push(decoder.push(chunk));
    },
    end() {
      if (!reader.complete) reader.push(decoder.end());
      if (!reader.complete) reader.end();
      if (!wanted)
        throw new GatewayError("bad_upstream_stream", "the provider answered with a stream that was not asked for");
    },
  };
}
