import { encodeFrame } from "../../src/mocks/aws-bedrock/frames.ts";

/** One line of an `upstream-response.frames` file: one frame of the answer, as a reader wants to see it. */
interface FrameLine {
  /** The frame is an event of this type. */
  readonly event?: string;
  /** It is an exception of this type. */
  readonly exception?: string;
  /** It is an error with this code, which says `message`. */
  readonly error?: string;
  readonly message?: string;
  /** Its headers, when it is none of these. */
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or text as it is. */
  readonly payload?: unknown;
  /** One bit is wrong in this checksum. */
  readonly damaged?: "prelude" | "message";
  /** Only so many bytes of it were sent. */
  readonly keep?: number;
}

/**
 * The bytes of an AWS event stream that is written a line per frame. Encoded by the mock's encoder, which knows nothing of the
 * decoder.
 */
export function encodeFrames(lines: string): Buffer {
  const frames = lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => encodeLine(JSON.parse(line) as FrameLine));
  return Buffer.concat(frames);
}

function encodeLine(line: FrameLine): Buffer {
  const { payload = "" } = line;
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  const frame = encodeFrame(headersOf(line), Buffer.from(text));
  const at = { prelude: 8, message: frame.length - 4 }[line.damaged ?? "message"];
  if (line.damaged !== undefined) frame[at] = (frame[at] ?? 0) ^ 1;
  return frame.subarray(0, line.keep ?? frame.length);
}

function headersOf({ event, exception, error, message, headers }: FrameLine): Readonly<Record<string, string>> {
  const json = { ":content-type": "application/json" };
  if (event !== undefined) return { ":event-type": event, ...json, ":message-type": "event" };
  if (exception !== undefined) return { ":exception-type": exception, ...json, ":message-type": "exception" };
  if (error !== undefined) return { ":message-type": "error", ":error-code": error, ":error-message": message ?? "" };
  return headers ?? {};
}
