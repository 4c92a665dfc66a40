import { encodeHeaders } from "../http2/hpack-encoder.ts";

/** Status codes of gRPC, as far as a server gives them. */
export const statusCode = {
  ok: 0,
  deadlineExceeded: 4,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
} as const;

/** Ends a call. */
export interface Status {
  readonly code: number;
  readonly message: string;
}

/** Ends a call with a status of its own; thrown by what reads a request. */
export class CallError extends Error {
  readonly status: Status;

  constructor(code: number, message: string) {
    super(message);
    this.name = "CallError";
    this.status = { code, message };
  }
}

const answerFields = [
  [":status", "200"],
  ["content-type", "application/grpc"],
] as const;

/** Begins an answer. */
export const answerHead = encodeHeaders(answerFields);

/** Ends an answer well. */
export const okTrailers = encodeHeaders([["grpc-status", "0"]]);

/** The end of an answer, or, before it began, a whole one. */
export function trailersOf({ code, message }: Status, hasBegun: boolean): Buffer {
  if (code === statusCode.ok && hasBegun) return okTrailers;
  return encodeHeaders([
    ...(hasBegun ? [] : answerFields),
    ["grpc-status", String(code)],
    ...(message === "" ? [] : ([["grpc-message", percentEncode(message)]] as const)),
    // whoever compressed is told what would have been read
    ...(code === statusCode.unimplemented ? ([["grpc-accept-encoding", "identity"]] as const) : []),
  ]);
}

/** Whoever does not speak gRPC gets an answer in HTTP. */
export function httpAnswer(status: number): Buffer {
  return encodeHeaders([[":status", String(status)]]);
}

function percentEncode(message: string): string {
  let encoded = "";
  for (const byte of Buffer.from(message.slice(0, 500), "utf8"))
    encoded +=
      byte < 0x20 || byte > 0x7e || byte === 0x25
        ? `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
        : String.fromCharCode(byte);
  return encoded;
}
