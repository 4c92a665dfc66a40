import { jsonObject, type MockCall, type MockCredentials, MockRefusal, objects, type ReceivedRequest, refuseForeign, textOf } from "../provider.ts";

function toolIds(message: Record<string, unknown> | undefined, type: string, key: string): string[] {
  return objects(message?.["content"])
    .filter((block) => block["type"] === type)
    .map((block) => String(block[key]));
}

function checkMessages(messages: readonly Record<string, unknown>[]): void {
  if (messages.length === 0) throw new MockRefusal(400, "messages: at least one message is required");
  for (const [index, message] of messages.entries()) {
    if (message["role"] !== "user" && message["role"] !== "assistant") {
      throw new MockRefusal(400, `messages.${index}.role: Input should be 'user' or 'assistant'`);
    }
    if (message["content"] === "" || (Array.isArray(message["content"]) && message["content"].length === 0)) {
      throw new MockRefusal(400, `messages.${index}: all messages must have non-empty content`);
    }
    const called = new Set(toolIds(messages[index - 1], "tool_use", "id"));
    for (const id of toolIds(message, "tool_result", "tool_use_id")) {
      if (!called.has(id)) throw new MockRefusal(400, `messages.${index}: unexpected tool_use_id found in tool_result blocks: ${id}`);
    }
  }
}

export function readRequest(request: ReceivedRequest, { apiKey }: MockCredentials): MockCall {
  if (request.method !== "POST" || request.path !== "/v1/messages") throw new MockRefusal(404, `Not found: ${request.method} ${request.path}`);
  refuseForeign(request, /^(?:authorization|api-key|x-goog-api-key|x-amz-.*|openai-.*)$/);
  const key = request.headers["x-api-key"];
  if (key === undefined) throw new MockRefusal(401, "x-api-key header is required");
  if (apiKey !== undefined && key !== apiKey) throw new MockRefusal(401, "invalid x-api-key");
  if (request.headers["anthropic-version"] === undefined) throw new MockRefusal(400, "anthropic-version: header is required");
  const body = jsonObject(request);
  if (typeof body["model"] !== "string") throw new MockRefusal(400, "model: Field required");
  if (/^(?:gpt-|o\d)/.test(body["model"])) throw new MockRefusal(404, `model: ${body["model"]}`);
  if (typeof body["max_tokens"] !== "number") throw new MockRefusal(400, "max_tokens: Field required");
  if (typeof body["temperature"] === "number" && body["temperature"] > 1) throw new MockRefusal(400, "temperature: range: 0..1");
  const messages = objects(body["messages"]);
  checkMessages(messages);
  const [firstTool] = objects(body["tools"]);
  return {
    model: body["model"],
    stream: body["stream"] === true,
    inputText: textOf([body["system"], messages.map((message) => message["content"])]),
    messageCount: messages.length,
    lastUserText: textOf(messages.findLast((message) => message["role"] === "user")?.["content"]),
    firstTool: firstTool === undefined ? undefined : String(firstTool["name"]),
    includeUsage: true,
    credential: key,
  };
}
