import type { ServiceTier, TokenUsage } from "../../../core/usage.ts";
import { noBytes, utf8Bytes } from "../../../lib/bytes.ts";
import { setTopLevelMember } from "../../../lib/json-edit.ts";
import { scanObject } from "../../../lib/json-scanner.ts";
import { encodeSseEvent, type SseEvent } from "../../../lib/sse.ts";
import { mergeUsage, withServiceTier } from "../merge-usage.ts";
import { openaiErrorIn } from "../openai-errors.ts";
import { asObject, parseJson } from "../parse-json.ts";
import { passes, type StreamTap, type TappedEvent } from "../passing-stream.ts";
import { readServiceTier } from "../service-tier.ts";
import { outputBytes } from "./output-bytes.ts";
import { chatUsage } from "./usage.ts";

/** Members that make an event worth sending even without choices and usage. */
const vendorContent = ["prompt_filter_results", "moderation"];

/** Reads what passes by: usage, model, finish reasons, errors. */
export class ChatTap implements StreamTap {
  readonly #hidesUsage: boolean;
  model: string | undefined;
  #counted: TokenUsage | undefined;
  /** As it stands in the last chunk that names one: what is announced first need not be what serves. */
  #tierName: unknown;
  #serviceTier: ServiceTier | undefined;
  #outputBytes = 0;
  #notes: string[] = [];
  readonly #finishedChoices = new Map<unknown, boolean>();

  /** `hidesUsage`: the event that only tells usage is not for the client. */
  constructor(hidesUsage: boolean) {
    this.#hidesUsage = hidesUsage;
  }

  get usage(): TokenUsage | undefined {
    return withServiceTier(this.#counted, this.#serviceTier);
  }

  /** Every choice seen has a finish reason (translation.md §5.6). */
  get complete(): boolean {
    return this.#finishedChoices.size > 0 && [...this.#finishedChoices.values()].every((finished) => finished);
  }

  read(event: SseEvent): TappedEvent {
    const document = asObject(parseJson(event.data));
    if (document === undefined) {
      this.note("unreadable_chunk");
      return passes;
    }
    if (document["usage"] !== null) {
      this.#counted = mergeUsage(
        this.#counted,
        chatUsage(document["usage"], (name) => this.note(name)),
      );
    }
    this.#readTier(document["service_tier"]);
    const { model, choices } = document;
    if (typeof model === "string" && model !== "") this.model = model;
    const error = openaiErrorIn(isBareError(event, document) ? { error: document } : document);
    if (error !== undefined) return { kind: "error", error };
    if (!Array.isArray(choices)) return passes;
    for (const choice of choices) this.#readChoice(asObject(choice));
    if (choices.length > 0 || asObject(document["usage"]) === undefined) return passes;
    if (!this.#hidesUsage) return passes;
    const hasVendorContent = vendorContent.some((name) => (document[name] ?? null) !== null);
    return { kind: "replaced", bytes: hasVendorContent ? withoutUsage(event) : noBytes };
  }

  note(name: string): void {
    this.#notes.push(name);
  }

  takeNotes(): readonly string[] | undefined {
    if (this.#notes.length === 0) return undefined;
    const notes = this.#notes;
    this.#notes = [];
    return notes;
  }

  takeOutputBytes(): number {
    const bytes = this.#outputBytes;
    this.#outputBytes = 0;
    return bytes;
  }

  #readTier(name: unknown): void {
    if (name === undefined || name === null || name === this.#tierName) return;
    this.#tierName = name;
    this.#serviceTier = readServiceTier(name, (noted) => this.note(noted));
  }

  #readChoice(choice: Readonly<Record<string, unknown>> | undefined): void {
    if (choice === undefined) return;
    this.#outputBytes += outputBytes(choice["delta"]);
    const { index = 0, finish_reason: finishReason } = choice;
    if (typeof finishReason === "string" && finishReason !== "") this.#finishedChoices.set(index, true);
    else if (!this.#finishedChoices.has(index)) this.#finishedChoices.set(index, false);
  }
}

/** An error object that stands by itself, told by the event's name or the object's. */
function isBareError(event: SseEvent, document: Readonly<Record<string, unknown>>): boolean {
  return (event.event === "error" || document["object"] === "error") && !Object.hasOwn(document, "error");
}

/** The event with `usage:null`, for what else is in it. */
function withoutUsage(event: SseEvent): Uint8Array {
  const json = utf8Bytes(event.data);
  const edited = setTopLevelMember(json, scanObject(json) ?? [], "usage", "null");
  return utf8Bytes(encodeSseEvent(new TextDecoder().decode(edited), event.event));
}
