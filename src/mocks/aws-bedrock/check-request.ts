import { jsonObject, type MockCall, type MockCredentials, MockRefusal, objects, type ReceivedRequest, refuseForeign, textOf } from "../provider.ts";
import { signatureFault } from "./verify-signature.ts";

const pathPattern = /^\/model\/([^/?]+)\/(converse|converse-stream)$/;

function ids(message: Record<string, unknown> | undefined, member: string): string[] {
  return objects(message?.["content"])
    .map((block) => block[member] as { toolUseId?: string } | undefined)
    .flatMap((one) => (one?.toolUseId === undefined ? [] : [one.toolUseId]));
}

function checkMessages(messages: readonly Record<string, unknown>[], hasTools: boolean): void {
  for (const [index, message] of messages.entries()) {
    const expected = index % 2 === 0 ? "user" : "assistant";
    if (message["role"] !== expected) throw new MockRefusal(400, "A conversation must alternate between user and assistant roles and start with a user message.");
    if (objects(message["content"]).length === 0) throw new MockRefusal(400, `The content field in the Message object at messages.${index} is empty.`);
    if (objects(message["content"]).some((block) => typeof block["text"] === "string" && block["text"].trim() === "")) {
      throw new MockRefusal(400, "The text field in the ContentBlock object is blank.");
    }
    const called = new Set(ids(messages[index - 1], "toolUse"));
    for (const id of ids(message, "toolResult")) if (!called.has(id)) throw new MockRefusal(400, `unexpected toolUseId ${id}`);
    if (!hasTools && ids(message, "toolUse").length > 0) throw new MockRefusal(400, "The toolConfig field must be defined when using toolUse and toolResult content blocks.");
  }
}

export function readRequest(request: ReceivedRequest, { aws }: MockCredentials): MockCall {
  const found = pathPattern.exec(request.path);
  if (request.method !== "POST" || found === null) throw new MockRefusal(404, "UnknownOperationException");
  refuseForeign(request, /^(?:x-api-key|api-key|x-goog-api-key|anthropic-.*|openai-.*)$/);
  if (request.headers["authorization"] === undefined) throw new MockRefusal(403, "Missing Authentication Token");
  const fault = aws && signatureFault(request, aws);
  if (fault !== undefined) throw new MockRefusal(403, fault);
  const body = jsonObject(request);
  if ("model" in body || "stream" in body) throw new MockRefusal(400, "Malformed input request: extraneous key [model] is not permitted");
  const messages = objects(body["messages"]);
  if (messages.length === 0) throw new MockRefusal(400, "messages must not be empty");
  const tools = objects((body["toolConfig"] as { tools?: unknown } | undefined)?.tools);
  checkMessages(messages, tools.length > 0);
  const spec = tools.map((tool) => tool["toolSpec"] as { name?: string } | undefined).find((one) => one !== undefined);
  return {
    model: decodeURIComponent(found[1] ?? ""),
    stream: found[2] === "converse-stream",
    inputText: textOf([body["system"], messages.map((message) => message["content"])]),
    messageCount: messages.length,
    lastUserText: textOf(messages.findLast((message) => message["role"] === "user")?.["content"]),
    firstTool: spec?.name,
    includeUsage: true,
    credential: aws?.accessKeyId ?? "unchecked",
  };
}
