/** Frame types and flags of RFC 9113 §6. */
export const frameType = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

export const frameFlag = {
  endStream: 0x1,
  ack: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

export const settingId = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
} as const;

export const frameHeadBytes = 9;

/** What either side may send until the other has allowed more; we never allow more. */
export const defaultMaxFrameBytes = 16_384;

/** Windows start with this many bytes unless settings say otherwise; that of a connection always does. */
export const defaultWindowBytes = 65_535;

export const largestWindowBytes = 0x7fff_ffff;

/** What a client says first. */
export const clientPreface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  /** A view into what was read: copy what is to be kept. */
  readonly payload: Buffer;
}
