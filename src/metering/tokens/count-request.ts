import { type JsonRange, stringPart } from "../../lib/json-scanner.ts";
import { type AttachmentKind, attachmentKind, attachmentTokens } from "./attachment-tokens.ts";
import { countText, type TextCount, workPerStep } from "./count-text.ts";
import type { Steps } from "./turns.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface RequestCount extends TextCount {
  /** Strings that reach the model, attachments not among them. */
  strings: number;
  /** Numbers, brackets and the like that may reach the model, at most so many tokens. */
  structure: number;
  attachments: number;
  /** What they count for at most. */
  attachmentTokens: number;
  /** The request offers tools. */
  hasTools: boolean;
}

/** What a number, or an object or array in a tool's schema, is allowed for whatever it is rendered as: a comma, a space, a new line. */
const structureTokens = 4;
/** A string, a bracket or a comma of the request is so much work. */
const workPerCharacter = 1;
/** So much of a number is looked at at once. */
const numberBytes = 32;
/** Native search for quotes is quick; looking back over backslashes is not: a step ends after so many. */
const backslashesPerStep = 65_536;

/** Members of a chat request that the model is not shown. */
const controls = new Set([
  ..."model stream stream_options n seed user stop temperature top_p top_k max_tokens max_completion_tokens".split(" "),
  ..."frequency_penalty presence_penalty logit_bias logprobs top_logprobs service_tier store metadata".split(" "),
  ..."modalities audio parallel_tool_calls reasoning_effort verbosity prompt_cache_key prompt_cache_retention".split(
    " ",
  ),
  "safety_identifier",
]);
const toolMembers = new Set(["tools", "functions", "web_search_options"]);
/** No name that is looked for is longer, even if every character of it is escaped. */
const longestName = 256;

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const openBracket = 0x5b;

interface Frame {
  readonly isObject: boolean;
  /** The member whose value stands here; undefined in arrays. */
  key: string | undefined;
  expectsKey: boolean;
  /** Its member `type`; "" = told twice, so that nobody can say which one counts. */
  type: string | undefined;
  /** A member `data` that is text or a file: what its neighbours say about it decides, wherever they stand. */
  data: JsonRange | undefined;
}

/**
 * Counts what of a request the model is shown, in one pass over its bytes: parsing five megabytes would stall the event loop.
 * In messages all strings but names of members; elsewhere, and in the input of calls, the names too: there they are shown. Without a
 * vocabulary a string counts by its bytes as JSON, which are no fewer than those of its text.
 * @param raw JSON that was checked; of anything else the count means nothing
 */
export function* countRequest(
  raw: Uint8Array,
  vocabulary: Vocabulary | undefined,
  perImage: number,
): Steps<RequestCount> {
  const count: RequestCount = {
    counted: 0,
    countedBytes: 0,
    bytes: 0,
    strings: 0,
    structure: 0,
    attachments: 0,
    attachmentTokens: 0,
    hasTools: false,
    work: 0,
  };
  const frames: Frame[] = [];
  let counter = vocabulary;
  let position = 0;
  /** How deep the input of a call (Anthropic) began: whatever is in it is text. */
  let inputDepth = Number.POSITIVE_INFINITY;
  function* addText(range: JsonRange): Steps<void> {
    count.strings++;
    if (counter === undefined) count.bytes += range.end - range.start;
    else if (!(yield* countText(raw, range, counter, count))) counter = undefined;
  }
  while (position < raw.length) {
    count.work += workPerCharacter;
    if (count.work >= workPerStep) {
      count.work = 0;
      if (!(yield)) counter = undefined;
    }
    const byte = raw[position] as number;
    const frame = frames.at(-1);
    const section = frames[0]?.key;
    const isShown = section !== undefined && !controls.has(section);
    // some providers take names in any case
    const inMessages = frames.length < inputDepth && section?.toLowerCase() === "messages";
    if (byte === quote) {
      const start = position + 1;
      const end = yield* stringEnd(raw, start, count);
      position = end + 1;
      const range = { start, end };
      if (frame?.isObject === true && frame.expectsKey) {
        frame.key = shortText(raw, range);
        if (frames.length === 1 && toolMembers.has(frame.key)) count.hasTools = true;
        if (inMessages || !isShown || frames.length === 1) continue;
      }
      if (!isShown) continue;
      if (inMessages && frame?.isObject === true) {
        if (frame.key === "type") frame.type = frame.type === undefined ? shortText(raw, range) : "";
        const owner = frames.at(-2);
        if (frame.key === "data" && owner?.key === "source") {
          if (frame.data !== undefined) yield* addText(frame.data);
          frame.data = range;
          continue;
        }
        const kind = attachmentKind(owner?.key, frame.key, owner?.type);
        if (kind !== undefined) {
          countAttachment(kind, raw, range, perImage, count);
          continue;
        }
      }
      yield* addText(range);
      continue;
    }
    position++;
    if (isSpace(byte)) {
      // the input of a call may be sent on as it was written
      if (frames.length >= inputDepth) count.structure++;
      continue;
    }
    if (byte === openBrace || byte === openBracket) {
      const isObject = byte === openBrace;
      frames.push({ isObject, key: undefined, expectsKey: isObject, type: undefined, data: undefined });
      if (inMessages && frame?.key === "input") inputDepth = frames.length;
      if (isShown && !inMessages) count.structure += structureTokens;
    } else if (byte === 0x7d || byte === 0x5d) {
      const closed = frames.pop();
      if (frames.length < inputDepth) inputDepth = Number.POSITIVE_INFINITY;
      if (closed?.data === undefined) continue;
      if (closed.type === "base64") countAttachment("base64", raw, closed.data, perImage, count);
      else yield* addText(closed.data);
    } else if (byte === 0x2c) {
      if (frame !== undefined) frame.expectsKey = frame.isObject;
    } else if (byte === 0x3a) {
      if (frame !== undefined) frame.expectsKey = false;
    } else {
      const start = position - 1;
      const most = Math.min(raw.length, start + numberBytes);
      while (position < most && !endsScalar(raw[position] as number)) position++;
      if (isShown) count.structure += position - start + structureTokens;
    }
  }
  return count;
}

/** Text that is short where it matters. */
function shortText(raw: Uint8Array, range: JsonRange): string {
  return range.end - range.start > longestName ? "" : stringPart(raw, range);
}

function countAttachment(
  kind: AttachmentKind,
  raw: Uint8Array,
  range: JsonRange,
  perImage: number,
  count: RequestCount,
): void {
  count.attachments++;
  count.attachmentTokens += attachmentTokens(kind, raw, range, perImage);
}

/** Position of the closing quote of the string that begins at `start`. */
function* stringEnd(raw: Uint8Array, start: number, count: TextCount): Steps<number> {
  for (let at = raw.indexOf(quote, start); at >= 0; at = raw.indexOf(quote, at + 1)) {
    let first = at;
    while (first > start && raw[first - 1] === backslash) {
      first--;
      if ((at - first) % backslashesPerStep === 0) yield;
    }
    if ((at - first) % 2 === 0) return at;
    count.work += workPerCharacter;
    if (count.work >= workPerStep) {
      count.work = 0;
      yield;
    }
  }
  return raw.length;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function endsScalar(byte: number): boolean {
  return isSpace(byte) || byte === 0x2c || byte === 0x7d || byte === 0x5d || byte === 0x3a || byte === quote;
}
