import { gzipSync } from "node:zlib";
import type { Composed } from "./compose.ts";
import type { Controls } from "./controls.ts";
import type { Exchange } from "./exchange.ts";
import type { Fault } from "./faults.ts";
import type { MockCall, MockFrame, MockProvider } from "./provider.ts";
import { sendEndless } from "./send-endless.ts";
import { PieceWriter, pause } from "./write.ts";

interface Plan {
  readonly frames: readonly MockFrame[];
  /** How the connection ends after them. */
  readonly end: "clean" | "cut" | "hang";
  /** It failed before it said anything. */
  readonly free?: boolean;
}

function corrupted(frame: MockFrame): MockFrame {
  const bytes = Buffer.from(frame.bytes);
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 0xff;
  return { kind: frame.kind, bytes };
}

/** The frames that a fault leaves. */
function plan(provider: MockProvider, frames: readonly MockFrame[], kind: Fault["kind"] | undefined): Plan {
  const open = frames.filter((frame) => frame.kind !== "end");
  // up to the middle of what is said, so that there is something before it and something after
  const contents = open.flatMap((frame, index) => (frame.kind === "content" ? [index] : []));
  const half = open.slice(0, (contents[Math.floor((contents.length - 1) / 2)] ?? 0) + 1);
  const extra = (bytes: Buffer): MockFrame => ({ kind: "border", bytes });
  const plans: Partial<Record<Fault["kind"], Plan>> = {
    truncate: { frames: open, end: "clean" },
    "reset-mid": { frames: half, end: "cut" },
    "error-mid": { frames: [...half, extra(provider.errorFrame())], end: "clean" },
    "error-then-more": {
      frames: [...half, extra(provider.errorFrame()), ...frames.slice(half.length)],
      end: "clean",
    },
    "error-first": { frames: [extra(provider.errorFrame())], end: "clean", free: true },
    "broken-json": {
      frames: [...half, extra(provider.brokenFrame()), ...frames.slice(half.length)],
      end: "clean",
    },
    "corrupt-frame": {
      frames: frames.map((frame, index) => (index === half.length - 1 ? corrupted(frame) : frame)),
      end: "clean",
    },
    silent: { frames: [], end: "hang" },
  };
  return (kind === undefined ? undefined : plans[kind]) ?? { frames, end: "clean" };
}

/** Streams an answer. Charges the input when it begins, and the output as it is written: an abort pays for what was. */
export async function sendStream(
  exchange: Exchange,
  call: MockCall,
  { answer, charged }: Composed,
  controls: Controls,
  fault: Fault | undefined,
): Promise<void> {
  const { provider, response, bill } = exchange;
  const kind = fault?.kind;
  const all = provider.frames(call, answer);
  response.writeHead(200, {
    "content-type": kind === "wrong-content-type" ? "text/plain" : provider.streamContentType,
    "cache-control": "no-cache",
    "x-amzn-requestid": answer.id,
    ...(kind === "gzip" ? { "content-encoding": "gzip" } : {}),
  });
  if (kind === "gzip") {
    bill.open(call.credential, charged.input).output(charged.output);
    response.end(gzipSync(Buffer.concat(all.map(({ bytes }) => bytes))));
    return;
  }
  response.flushHeaders();
  if (kind === "endless") return await sendEndless(exchange, call, answer, charged.input);
  const { frames, end, free } = plan(provider, all, kind);
  const charge = free ? undefined : bill.open(call.credential, charged.input);
  const contents = all.filter((frame) => frame.kind === "content").length;
  const writer = new PieceWriter(response, controls.split);
  let written = 0;
  for (const frame of frames) {
    if (response.destroyed) return;
    if (frame.kind === "content") charge?.output(Math.round((charged.output * ++written) / contents));
    await writer.write(frame.bytes);
    if (frame.kind === "content" && controls.chunkDelayMs > 0) await pause(controls.chunkDelayMs, response);
  }
  await writer.flush();
  if (end === "cut") exchange.cutOff();
  if (end === "clean") response.end();
}
