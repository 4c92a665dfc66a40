/** Error codes of RFC 9113 §7. */
export const errorCode = {
  none: 0x0,
  protocol: 0x1,
  internal: 0x2,
  flowControl: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSize: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compression: 0x9,
  enhanceYourCalm: 0xb,
} as const;

/** The peer broke the protocol or a limit in a way that ends the connection: GOAWAY with this code. */
export class ConnectionError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = "ConnectionError";
    this.code = code;
  }
}

/** As `ConnectionError`, but one stream's affair: RST_STREAM with this code. */
export class StreamError extends Error {
  readonly code: number;
  readonly streamId: number;

  constructor(streamId: number, code: number, message: string) {
    super(message);
    this.name = "StreamError";
    this.streamId = streamId;
    this.code = code;
  }
}
