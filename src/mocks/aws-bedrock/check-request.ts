import type { MockCall, MockCredentials, ReceivedRequest } from "../provider.ts";
import { jsonObject, lastUserText, objects, refuseForeign, textOf } from "../read-body.ts";
import { MockRefusal } from "../refusal.ts";
import { verifySignature } from "./verify-signature.ts";

const pathPattern = /^\/model\/([^/?]+)\/(converse|converse-stream)$/;

function toolIds(message: Record<string, unknown> | undefined, member: "toolUse" | "toolResult"): string[] {
  return objects(message?.["content"])
    .map((block) => block[member] as { toolUseId?: string } | undefined)
    .flatMap((one) => (one?.toolUseId === undefined ? [] : [one.toolUseId]));
}

function checkMessage(messages: readonly Record<string, unknown>[], index: number): void {
  const message = messages[index];
  if (message?.["role"] !== (index % 2 === 0 ? "user" : "assistant")) {
    throw new MockRefusal(
      400,
      "A conversation must alternate between user and assistant roles and start with a user message.",
    );
  }
  const blocks = objects(message["content"]);
  if (blocks.length === 0)
    throw new MockRefusal(400, `The content field in the Message object at messages.${index} is empty.`);
  if (blocks.some(({ text }) => typeof text === "string" && text.trim() === "")) {
    throw new MockRefusal(400, `The text field in the ContentBlock object at messages.${index} is blank.`);
  }
}

/** Results refer to calls of the message before them, and each call has its result in the message after it. */
function checkTools(messages: readonly Record<string, unknown>[], index: number, hasTools: boolean): void {
  const called = new Set(toolIds(messages[index - 1], "toolUse"));
  for (const id of toolIds(messages[index], "toolResult")) {
    if (!called.delete(id)) throw new MockRefusal(400, `messages.${index}: toolResult without toolUse: ${id}`);
  }
  if (called.size > 0)
    throw new MockRefusal(400, `messages.${index}: toolUse without toolResult: ${[...called].join(", ")}`);
  if (!hasTools && toolIds(messages[index], "toolUse").length > 0) {
    throw new MockRefusal(
      400,
      "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
    );
  }
}

function modelOf(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new MockRefusal(400, "The provided model identifier is invalid.");
  }
}

/** It has none but the calls. */
export function readPage(): undefined {
  return undefined;
}

export function readRequest(request: ReceivedRequest, { aws }: MockCredentials): MockCall {
  const [, model, action] = pathPattern.exec(request.path.split("?")[0] ?? "") ?? [];
  if (request.method !== "POST" || model === undefined) {
    throw new MockRefusal(404, `no operation for ${request.method} ${request.path}`, "UnknownOperationException");
  }
  refuseForeign(request, /^(?:x-api-key|api-key|x-goog-api-key|anthropic-.*|openai-.*)$/);
  if (request.headers["authorization"] === undefined) {
    throw new MockRefusal(403, "Missing Authentication Token", "MissingAuthenticationTokenException");
  }
  if (aws !== undefined) verifySignature(request, aws);
  const body = jsonObject(request);
  const extra = ["model", "stream"].find((name) => name in body);
  if (extra !== undefined) throw new MockRefusal(400, `extraneous key [${extra}] is not permitted`);
  const messages = objects(body["messages"]);
  if (messages.length === 0) throw new MockRefusal(400, "A conversation must have at least one message.");
  const tools = objects((body["toolConfig"] as { tools?: unknown } | undefined)?.tools);
  for (const index of messages.keys()) {
    checkMessage(messages, index);
    checkTools(messages, index, tools.length > 0);
  }
  const specs = tools.map((tool) => tool["toolSpec"] as { name?: string } | undefined);
  return {
    model: modelOf(model),
    stream: action === "converse-stream",
    inputText: textOf([body["system"], messages]),
    messageCount: messages.length,
    lastUserText: lastUserText(messages),
    firstTool: specs.find((spec) => spec !== undefined)?.name,
    includeUsage: true,
    credential:
      aws?.accessKeyId ??
      /Credential=([^/]+)/.exec(request.headers["authorization"])?.[1] ??
      request.headers["authorization"],
  };
}
