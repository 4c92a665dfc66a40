/** What one connection may ask of us. */
export interface Http2Limits {
  /** Requests that are open, and those whose work goes on after the peer has reset them. */
  readonly maxStreams: number;
  /** Decoded, names, values and 32 bytes for each field. */
  readonly maxHeaderListBytes: number;
  /** One header block as it is sent. */
  readonly maxHeaderBlockBytes: number;
  /** Of one header block. */
  readonly maxContinuations: number;
  /** What a request may send before it is handled. */
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** Answers that wait because the peer gives no window: of one stream, and of all. */
  readonly maxQueuedBytesOfStream: number;
  readonly maxQueuedBytes: number;
  /** What may be handed to the socket and not be taken by the peer before answers wait. */
  readonly maxSocketBytes: number;
  /** Frames that carry nothing (PING, SETTINGS, PRIORITY, tiny DATA …): as many at once, and as many a second; what carries something makes up for `idleFramesPerUseful`. */
  readonly idleFrames: number;
  readonly idleFramesPerSecond: number;
  readonly idleFramesPerUseful: number;
  /** Streams that are reset before they have said anything: as many at once, and as many a second. */
  readonly emptyResets: number;
  readonly emptyResetsPerSecond: number;
  /** How long a peer may take for its preface. */
  readonly prefaceMs: number;
}

/** Envoy resets every stream of ext_proc at its end, and frames of its own come with each request: that must always be allowed. */
export const defaultLimits: Http2Limits = {
  maxStreams: 20_000,
  maxHeaderListBytes: 65_536,
  maxHeaderBlockBytes: 65_536,
  maxContinuations: 16,
  streamWindowBytes: 1_048_576,
  connectionWindowBytes: 16_777_216,
  maxQueuedBytesOfStream: 134_217_728,
  maxQueuedBytes: 536_870_912,
  maxSocketBytes: 1_048_576,
  idleFrames: 10_000,
  idleFramesPerSecond: 1_000,
  idleFramesPerUseful: 4,
  emptyResets: 1_000,
  emptyResetsPerSecond: 100,
  prefaceMs: 10_000,
};
