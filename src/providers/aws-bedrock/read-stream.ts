import { type AttemptInput, defaultCodecLimits, type ResponseHead } from "../../core/translator.ts";
import { AwsEventStreamDecoder, type AwsStreamMessage } from "../../lib/aws-event-stream.ts";
import { GatewayError } from "../../lib/errors.ts";
import type { AnswerSink } from "../common/answer-sink.ts";
import type { StreamReader } from "../common/chat-answer.ts";
import type { JsonView } from "../common/json-view.ts";
import { parseUpstreamJson } from "../common/upstream-json.ts";
import { answerHead } from "./answer-head.ts";
import { readException, streamError } from "./errors.ts";
import { mapStopReason } from "./map-stop-reason.ts";
import { OpenReasoning } from "./open-reasoning.ts";
import { ConverseUsage } from "./usage.ts";

/** A call that is still open. Calls that the provider runs itself have no `index`: they are not the client's (R120). */
interface OpenTool {
  readonly index: number | undefined;
  /** Arguments came. */
  told: boolean;
}

/**
 * Reads the events of a ConverseStream (translation.md §6.3). Text and reasoning come with or without a start of their block
 * (R135), and usage comes after the stop reason, or never.
 */
export class ConverseStreamReader implements StreamReader {
  readonly #head: ResponseHead;
  readonly #sink: AnswerSink;
  readonly #input: AttemptInput;
  readonly #decoder: AwsEventStreamDecoder;
  readonly #maxHeldCharacters: number;
  readonly #usage = new ConverseUsage();
  readonly #tools = new Map<number, OpenTool>();
  readonly #reasoning = new Map<number, OpenReasoning>();
  #toolCalls = 0;
  #heldCharacters = 0;
  #started = false;
  #finished = false;
  #metadataSeen = false;
  #complete = false;
  /** The stop reason was an error. It waits for the usage, which is charged all the same. */
  #stopError: GatewayError | undefined;

  constructor(head: ResponseHead, sink: AnswerSink, input: AttemptInput) {
    this.#head = head;
    this.#sink = sink;
    this.#input = input;
    const limits = { ...defaultCodecLimits, ...input.options.limits };
    this.#decoder = new AwsEventStreamDecoder(limits.maxFrameBytes);
    this.#maxHeldCharacters = limits.maxHeldToolBytes;
  }

  get complete(): boolean {
    return this.#complete;
  }

  push(chunk: Uint8Array): void {
    for (const message of this.#decoder.push(chunk)) {
      if (!this.#complete) this.#read(message);
    }
    this.#throwFailure();
  }

  end(): void {
    this.#decoder.end();
    this.#throwFailure();
    if (this.#stopError !== undefined) throw this.#stopError;
    if (!this.#finished) {
      throw new GatewayError("upstream_truncated", "the provider's stream ended before the answer was complete");
    }
    this.#done();
  }

  #throwFailure(): void {
    if (this.#decoder.failure !== undefined && !this.#complete) throw this.#decoder.failure;
  }

  #read(message: AwsStreamMessage): void {
    switch (message.kind) {
      case "exception":
        throw readException(message.type, message.payload);
      case "error":
        throw streamError(message.code, message.message);
      case "event":
        this.#readEvent(message.type, parseUpstreamJson(message.payload, "bad_upstream_stream"));
    }
  }

  #readEvent(type: string, event: JsonView): void {
    const position = event.member("contentBlockIndex").number ?? 0;
    switch (type) {
      case "messageStart":
        this.#start();
        return;
      case "contentBlockStart":
        this.#blockStart(position, event.member("start"));
        return;
      case "contentBlockDelta":
        this.#blockDelta(position, event.member("delta"));
        return;
      case "contentBlockStop":
        this.#blockStop(position);
        return;
      case "messageStop":
        this.#messageStop(event.member("stopReason").string);
        return;
      case "metadata":
        this.#usage.report(event, this.#sink);
        this.#metadataSeen = true;
        this.#settle();
        return;
      default:
        return; // not known yet (R49)
    }
  }

  /** Before anything else is written; a missing `messageStart` is forgiven. */
  #start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#sink.writer.start(answerHead(this.#head, this.#input));
  }

  #blockStart(position: number, start: JsonView): void {
    this.#start();
    const toolUse = start.member("toolUse");
    if (!toolUse.isObject) return;
    const index = toolUse.member("type").value === "server_tool_use" ? undefined : this.#toolCalls++;
    this.#tools.set(position, { index, told: false });
    if (index === undefined) return;
    const id = toolUse.member("toolUseId").string ?? this.#input.newId("call_tg_");
    this.#sink.writer.toolStart(index, id, toolUse.member("name").string ?? "");
  }

  #blockDelta(position: number, delta: JsonView): void {
    this.#start();
    const { writer } = this.#sink;
    writer.text(delta.member("text").string ?? "");
    const reasoning = delta.member("reasoningContent");
    if (reasoning.isObject) this.#addReasoning(position, reasoning);
    const toolUse = delta.member("toolUse");
    if (!toolUse.isObject) return;
    const tool = this.#tools.get(position);
    if (tool === undefined) {
      throw new GatewayError("bad_upstream_stream", "the provider sent arguments of a call that is not open");
    }
    const input = toolUse.member("input").string ?? "";
    if (tool.index === undefined || input === "") return;
    tool.told = true;
    writer.toolArguments(tool.index, input);
  }

  /** Thinking is kept until the answer ends (§4.1); what a provider can make us keep is bounded. */
  #addReasoning(position: number, delta: JsonView): void {
    const open = this.#reasoning.get(position) ?? new OpenReasoning();
    this.#reasoning.set(position, open);
    this.#heldCharacters += open.add(delta);
    if (this.#heldCharacters > this.#maxHeldCharacters) {
      throw new GatewayError("bad_upstream_stream", "the provider sent more thinking than the gateway can hold");
    }
    this.#sink.writer.reasoning(delta.member("text").string ?? "");
  }

  #blockStop(position: number): void {
    const { writer } = this.#sink;
    const reasoning = this.#reasoning.get(position);
    if (reasoning !== undefined) writer.thinkingBlock(reasoning.block);
    this.#reasoning.delete(position);
    const tool = this.#tools.get(position);
    if (tool?.index !== undefined && !tool.told) writer.toolArguments(tool.index, "{}");
    this.#tools.delete(position);
  }

  #messageStop(stopReason: string | undefined): void {
    if (stopReason === undefined) {
      throw new GatewayError("upstream_truncated", "the provider's stream ended without a stop reason");
    }
    if (this.#finished || this.#stopError !== undefined) return;
    this.#start();
    for (const position of [...this.#reasoning.keys(), ...this.#tools.keys()]) this.#blockStop(position);
    const reason = mapStopReason(stopReason, this.#sink);
    if (reason instanceof GatewayError) {
      this.#stopError = reason;
    } else {
      this.#finished = true;
      this.#sink.writer.finish(reason);
    }
    this.#settle();
  }

  /** Nothing more is to come once both the stop reason and the metadata were seen. */
  #settle(): void {
    if (!this.#metadataSeen) return;
    if (this.#stopError !== undefined) throw this.#stopError;
    if (this.#finished) this.#done();
  }

  #done(): void {
    this.#complete = true;
    const { writer, usage } = this.#sink;
    if (usage !== undefined) writer.usage(usage);
    writer.done();
  }
}
