import type { AttemptInput } from "../../../core/translator.ts";
import type { AnswerSink } from "../answer-sink.ts";
import { JsonView } from "../json-view.ts";
import type { MessagesWriter } from "../messages/messages-writer.ts";
import { mapFinishReason, stopSequencesOf } from "./map-finish-reason.ts";

/** Thinking that no Anthropic model signed (translation.md §5.5). */
const foreignSignature = "tg1.openai.";

interface OpenCall {
  /** Undefined until the writer knows it. */
  number: number | undefined;
  id: string | undefined;
  name: string;
  /** Arguments that came before the name. */
  early: string;
}

/** Turns the first choice of a chat answer, whole or in deltas, into operations of a MessagesWriter (translation.md §6.6). */
export class ChoiceReader {
  readonly #writer: MessagesWriter;
  readonly #sink: AnswerSink<MessagesWriter>;
  readonly #input: AttemptInput;
  readonly #calls = new Map<number | "legacy", OpenCall>();
  #startedCalls = 0;
  #refused = false;
  #finished = false;

  constructor(sink: AnswerSink<MessagesWriter>, input: AttemptInput) {
    this.#sink = sink;
    this.#writer = sink.writer;
    this.#input = input;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** A `message` or a `delta`: they have the same members. */
  read(output: JsonView): void {
    if (this.#finished) return;
    // compatible servers use one of the two names, some send both
    const reasoning = output.member("reasoning_content").string || output.member("reasoning").string;
    this.#writer.thinking(reasoning ?? "", foreignSignature);
    this.#writer.text(output.member("content").string ?? "");
    const refusal = output.member("refusal").string ?? "";
    this.#refused ||= refusal !== "";
    this.#writer.text(refusal);
    for (const [position, call] of (output.member("tool_calls").elements ?? []).entries()) {
      this.#readCall(call.member("index").number ?? position, call.member("id").string, call.member("function"));
    }
    const legacy = output.member("function_call");
    if (legacy.isObject) this.#readCall("legacy", undefined, legacy);
  }

  /** `choice` has the `finish_reason`. */
  finish(choice: JsonView, finishReason: string): void {
    if (this.#finished) return;
    this.#finished = true;
    for (const call of this.#calls.values()) if (call.number === undefined) this.#start(call);
    const { reason, sequence } = mapFinishReason(
      {
        finishReason,
        metSequence: choice.member("stop_reason").string,
        calledTools: this.#calls.size > 0,
        refused: this.#refused,
      },
      stopSequencesOf(JsonView.document(this.#input.request.raw, this.#input.request.body())),
      this.#sink,
    );
    this.#writer.finish(reason, sequence);
  }

  /** Id and name are told once; a repeated one is ignored. */
  #readCall(key: number | "legacy", id: string | undefined, callee: JsonView): void {
    const call = this.#calls.get(key) ?? { number: undefined, id: undefined, name: "", early: "" };
    this.#calls.set(key, call);
    const text = callee.member("arguments").string ?? "";
    if (call.number !== undefined) {
      this.#writer.toolArguments(call.number, text);
      return;
    }
    call.id ??= id;
    call.name = callee.member("name").string ?? "";
    call.early += text;
    if (call.name !== "") this.#start(call);
  }

  #start(call: OpenCall): void {
    call.number = this.#startedCalls++;
    this.#writer.toolStart(call.number, call.id || this.#input.newId("call_tg_"), call.name);
    this.#writer.toolArguments(call.number, call.early);
  }
}
