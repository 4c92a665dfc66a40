import { PassingStream } from "../passing-stream.ts";
import { ChatTap } from "./chat-tap.ts";

/** Passes a chat stream on. `hidesUsage`: the usage event was forced by us and must not reach the client (R7). */
export function chatStream(hidesUsage: boolean, maxEventBytes: number): PassingStream {
  return new PassingStream({ tap: new ChatTap(hidesUsage), maxEventBytes, doneEnds: true, replaces: hidesUsage });
}
