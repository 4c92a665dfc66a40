import type { Translated } from "../../core/translator.ts";
import type { TokenUsage } from "../../core/usage.ts";
import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { noBytes } from "../../lib/bytes.ts";
import { GatewayError } from "../../lib/errors.ts";
import { type JsonMember, type JsonRange, lastMember, scanObject } from "../../lib/json-scanner.ts";
import { decodeBuffered } from "../common/content-encoding.ts";
import { withServiceTier } from "../common/merge-usage.ts";
import { openaiErrorIn } from "../common/openai-errors.ts";
import { asObject, parseJson } from "../common/parse-json.ts";
import { readServiceTier } from "../common/service-tier.ts";
import { outputBytes } from "./output-bytes.ts";
import { chatUsage } from "./usage.ts";

/** Larger answers pass without being read. */
const maxReadBytes = 64 * 1024 * 1024;
const OPEN_BRACKET = 0x5b;

/**
 * Passes a JSON answer on, byte for byte, and reads usage and model at its end. An answer without the output member is a
 * failure (R165). An answer that came compressed leaves as it was before (R34).
 */
export class ChatJson {
  readonly #contentEncoding: string | undefined;
  readonly #body = new ByteBuffer();
  #unread = false;

  /** `contentEncoding`: what to undo; undefined when the answer is not compressed. */
  constructor(contentEncoding: string | undefined) {
    this.#contentEncoding = contentEncoding;
  }

  push(chunk: Uint8Array): Translated {
    const isLarge = this.#body.length + chunk.length > maxReadBytes;
    if (isLarge && this.#contentEncoding !== undefined) {
      throw new GatewayError("bad_upstream_json", `the provider's answer is larger than ${maxReadBytes} bytes`);
    }
    this.#unread ||= isLarge;
    if (this.#unread) this.#body.clear();
    else this.#body.append(chunk);
    return { body: this.#contentEncoding === undefined ? undefined : noBytes };
  }

  end(): Translated {
    if (this.#unread) return { body: undefined, notes: ["unreadable_answer"] };
    try {
      const json = decodeBuffered(this.#body.take(), this.#contentEncoding);
      return { body: this.#contentEncoding === undefined ? undefined : json, ...readAnswer(json) };
    } catch (thrown) {
      return { body: undefined, failure: GatewayError.from(thrown, "bad_upstream_json") };
    }
  }
}

function readAnswer(json: Uint8Array): Omit<Translated, "body"> {
  const members = answerMembers(json);
  const notes: string[] = [];
  const note = (name: string): void => void notes.push(name);
  const counted: TokenUsage | undefined = chatUsage(parsedValue(json, lastMember(members, "usage")), note);
  const tier = readServiceTier(parsedValue(json, lastMember(members, "service_tier")), note);
  const usage = withServiceTier(counted, tier);
  const model = parsedValue(json, lastMember(members, "model"));
  const told = { usage, model: typeof model === "string" && model !== "" ? model : undefined, notes };
  const choices = lastMember(members, "choices");
  if (choices !== undefined && json[choices.start] === OPEN_BRACKET) {
    return { ...told, outputBytes: choicesBytes(parsedValue(json, choices)) };
  }
  const failure =
    openaiErrorIn({ error: parsedValue(json, lastMember(members, "error")) }) ??
    new GatewayError("bad_upstream_json", "the provider's answer has no choices");
  return { ...told, failure };
}

/** @throws GatewayError `bad_upstream_json` */
function answerMembers(json: Uint8Array): readonly JsonMember[] {
  let members: JsonMember[] | undefined;
  try {
    members = scanObject(json);
  } catch (cause) {
    throw new GatewayError("bad_upstream_json", "the provider's answer is not valid JSON", { cause });
  }
  if (members === undefined) throw new GatewayError("bad_upstream_json", "the provider's answer is not a JSON object");
  return members;
}

function parsedValue(json: Uint8Array, range: JsonRange | undefined): unknown {
  return range === undefined ? undefined : parseJson(json.subarray(range.start, range.end));
}

function choicesBytes(choices: unknown): number {
  if (!Array.isArray(choices)) return 0;
  return choices.reduce((sum: number, choice) => sum + outputBytes(asObject(choice)?.["message"]), 0);
}
