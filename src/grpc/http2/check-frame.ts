import { ConnectionError, errorCode, StreamError } from "./errors.ts";
import { type Frame, frameType } from "./frames.ts";

/** Where frames of a type belong. */
const belongsTo: Readonly<Record<number, "connection" | "stream">> = {
  [frameType.data]: "stream",
  [frameType.headers]: "stream",
  [frameType.priority]: "stream",
  [frameType.rstStream]: "stream",
  [frameType.settings]: "connection",
  [frameType.ping]: "connection",
  [frameType.goaway]: "connection",
  [frameType.continuation]: "stream",
};

const fixedLength: Readonly<Record<number, number>> = {
  [frameType.rstStream]: 4,
  [frameType.ping]: 8,
  [frameType.windowUpdate]: 4,
};

/** What can be told of a frame by itself. @throws ConnectionError, StreamError */
export function checkFrame({ type, streamId, payload }: Frame): void {
  const owner = belongsTo[type];
  if (owner !== undefined && (owner === "stream") !== streamId > 0)
    throw new ConnectionError(errorCode.protocol, `a frame of type ${type} on stream ${streamId}`);
  const length = fixedLength[type];
  if (length !== undefined && payload.length !== length)
    throw new ConnectionError(errorCode.frameSize, `a frame of type ${type} has ${payload.length} bytes`);
  if (type === frameType.goaway && payload.length < 8)
    throw new ConnectionError(errorCode.frameSize, "GOAWAY of a wrong length");
  if (type === frameType.priority && payload.length !== 5)
    throw new StreamError(streamId, errorCode.frameSize, "PRIORITY of a wrong length");
  if (type === frameType.pushPromise) throw new ConnectionError(errorCode.protocol, "a client pushes");
}
