import { gzipSync } from "node:zlib";
import type { Controls } from "./controls.ts";
import type { MockAnswer, MockCall, MockFrame, MockUsage } from "./provider.ts";
import type { Exchange } from "./respond.ts";
import { pause, writeSplit } from "./write.ts";

const endlessPauseMs = 20;

/** The frames that a fault leaves, and how the connection ends after them. */
function plan(frames: readonly MockFrame[], fault: string | undefined, errorFrame: Buffer): { readonly frames: readonly MockFrame[]; readonly end: "clean" | "destroy" | "hang" } {
  const open = frames.filter(({ kind }) => kind !== "end");
  const half = open.slice(0, Math.max(2, Math.ceil(open.length / 2)));
  const error: MockFrame = { kind: "content", bytes: errorFrame };
  switch (fault) {
    case "truncate":
      return { frames: open, end: "clean" };
    case "reset-mid":
      return { frames: half, end: "destroy" };
    case "error-mid":
      return { frames: [...half, error], end: "clean" };
    case "error-first":
      return { frames: [error], end: "clean" };
    case "silent":
      return { frames: open.slice(0, 1), end: "hang" };
    case "corrupt-frame": {
      const last = half.at(-1);
      const broken = Buffer.from(last?.bytes ?? "");
      broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 0xff;
      return { frames: [...half.slice(0, -1), { kind: "content", bytes: broken }], end: "clean" };
    }
    default:
      return { frames, end: "clean" };
  }
}

/** Content frames again and again until the client goes away. */
async function sendEndless({ response }: Exchange, frames: readonly MockFrame[]): Promise<void> {
  const content = frames.filter(({ kind }) => kind === "content");
  for (const { bytes } of frames.filter(({ kind }) => kind === "start")) await writeSplit(response, bytes, undefined);
  for (let index = 0; !response.destroyed; index = Math.min(index + 1, content.length - 2)) {
    await writeSplit(response, content[Math.max(0, index)]?.bytes ?? Buffer.from(""), undefined);
    await pause(endlessPauseMs, response);
  }
}

/** Streams an answer. What was written when the client went away is charged, and the whole when it was complete. */
export async function sendStream(exchange: Exchange, call: MockCall, answer: MockAnswer, charged: MockUsage, controls: Controls, fault: string | undefined): Promise<void> {
  const { provider, response, bill } = exchange;
  const all = provider.frames(call, answer);
  const headers: Record<string, string> = {
    "content-type": fault === "wrong-content-type" ? "text/plain" : provider.streamContentType,
    "cache-control": "no-cache",
    "x-amzn-requestid": answer.id,
  };
  if (fault === "gzip") {
    response.writeHead(200, { ...headers, "content-encoding": "gzip" });
    response.end(gzipSync(Buffer.concat(all.map(({ bytes }) => bytes))));
    bill.charge(call.credential, charged.input, charged.output);
    return;
  }
  response.writeHead(200, headers);
  response.flushHeaders();
  if (fault === "endless") {
    await sendEndless(exchange, all);
    bill.charge(call.credential, charged.input, charged.output);
    return;
  }
  const { frames, end } = plan(all, fault, provider.errorFrame());
  const contentFrames = all.filter(({ kind }) => kind === "content").length;
  let written = 0;
  for (const { kind, bytes } of frames) {
    if (response.destroyed) break;
    await writeSplit(response, bytes, controls.split);
    if (kind === "content") {
      written++;
      if (controls.chunkDelayMs > 0) await pause(controls.chunkDelayMs, response);
    }
  }
  const whole = !response.destroyed && fault !== "error-first";
  const share = whole && written >= contentFrames ? 1 : written / Math.max(1, contentFrames);
  bill.charge(call.credential, charged.input, Math.round(charged.output * share));
  if (end === "destroy") response.destroy();
  else if (end === "clean") response.end();
}
