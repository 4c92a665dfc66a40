import { type AttemptInput, defaultCodecLimits } from "../../../core/translator.ts";
import type { TokenUsage } from "../../../core/usage.ts";
import { GatewayError } from "../../../lib/errors.ts";
import { SseDecoder, type SseEvent } from "../../../lib/sse.ts";
import type { AnswerSink } from "../answer-sink.ts";
import type { JsonView } from "../json-view.ts";
import { mergeUsage, withServiceTier } from "../merge-usage.ts";
import type { MessagesWriter } from "../messages/messages-writer.ts";
import { openaiErrorIn } from "../openai-errors.ts";
import { parseJson } from "../parse-json.ts";
import { readServiceTier } from "../service-tier.ts";
import type { StreamReader } from "../translated-answer.ts";
import { parseUpstreamJson } from "../upstream-json.ts";
import { ChoiceReader } from "./choice-reader.ts";
import { chatUsage } from "./usage.ts";

/** Reads the chunks of a chat stream for a messages client (translation.md §6.6). */
export class ChatStreamReader implements StreamReader {
  readonly #sink: AnswerSink<MessagesWriter>;
  readonly #input: AttemptInput;
  readonly #decoder: SseDecoder;
  readonly #choice: ChoiceReader;
  #counted: TokenUsage | undefined;
  #started = false;
  #complete = false;

  constructor(sink: AnswerSink<MessagesWriter>, input: AttemptInput) {
    this.#sink = sink;
    this.#input = input;
    this.#decoder = new SseDecoder(input.options.limits?.maxEventBytes ?? defaultCodecLimits.maxEventBytes);
    this.#choice = new ChoiceReader(sink, input);
  }

  get complete(): boolean {
    return this.#complete;
  }

  push(chunk: Uint8Array): void {
    for (const event of this.#decoder.push(chunk)) this.#read(event);
    if (this.#decoder.failure !== undefined) throw this.#decoder.failure;
    if (this.#decoder.done) this.#end();
  }

  /** The usage of a stream that was not told to be done may come last: it is complete at its end only. */
  end(): void {
    for (const event of this.#decoder.end()) {
      // an event that the end of the connection cut is no event: the stream is truncated
      if (parseJson(event.data) !== undefined) this.#read(event);
    }
    if (this.#decoder.failure !== undefined) throw this.#decoder.failure;
    this.#end();
  }

  #end(): void {
    if (!this.#choice.finished) {
      throw new GatewayError("upstream_truncated", "the provider's stream ended before the answer was complete");
    }
    this.#complete = true;
    this.#sink.writer.done(this.#sink.usage);
  }

  #read(sse: SseEvent): void {
    const chunk = parseUpstreamJson(sse.data, "bad_upstream_stream");
    this.#readUsage(chunk);
    const bare = sse.event === "error" && !chunk.member("error").told;
    const error = openaiErrorIn(bare ? { error: chunk.value } : chunk.value);
    if (error !== undefined) throw error;
    this.#sink.model = chunk.member("model").string || this.#sink.model;
    const choices = chunk.member("choices").elements ?? [];
    this.#start(chunk, choices.length > 0);
    const choice = choices.find((candidate) => (candidate.member("index").number ?? 0) === 0);
    if (choice === undefined) return;
    this.#choice.read(choice.member("delta"));
    const finishReason = choice.member("finish_reason").string || undefined;
    if (finishReason !== undefined) this.#choice.finish(choice, finishReason);
  }

  /** Azure's first event has neither a name nor choices: the answer begins with the next. */
  #start(chunk: JsonView, hasChoices: boolean): void {
    const id = chunk.member("id").string || undefined;
    if (this.#started || (id === undefined && !hasChoices)) return;
    this.#started = true;
    const head = { id: id ?? this.#input.newId("msg_tg_"), model: this.#sink.model ?? this.#input.model };
    this.#sink.writer.start(head, this.#sink.usage);
  }

  #readUsage(chunk: JsonView): void {
    const note = (name: string): void => this.#sink.note(name);
    const tier = chunk.member("service_tier");
    const told = chunk.member("usage");
    if (told.told) this.#counted = mergeUsage(this.#counted, chatUsage(told.value, note));
    const served = tier.told ? readServiceTier(tier.value, note) : this.#sink.usage?.serviceTier;
    this.#sink.usage = withServiceTier(this.#counted, served);
  }
}
