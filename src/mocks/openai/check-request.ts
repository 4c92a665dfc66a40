import { jsonObject, type MockCall, type MockCredentials, MockRefusal, objects, type ReceivedRequest, refuseForeign, textOf } from "../provider.ts";

const roles = new Set(["system", "developer", "user", "assistant", "tool", "function"]);

export function readRequest(request: ReceivedRequest, { apiKey }: MockCredentials): MockCall {
  if (request.method !== "POST" || request.path !== "/v1/chat/completions") throw new MockRefusal(404, `Unknown request URL: ${request.method} ${request.path}`);
  refuseForeign(request, /^(?:x-api-key|api-key|x-goog-api-key|x-amz-.*|anthropic-.*)$/);
  const key = /^Bearer (.+)$/.exec(request.headers["authorization"] ?? "")?.[1];
  if (key === undefined) throw new MockRefusal(401, "You didn't provide an API key.");
  // the real one quotes a part of the key as well
  if (apiKey !== undefined && key !== apiKey) throw new MockRefusal(401, `Incorrect API key provided: ${key.slice(0, 5)}***${key.slice(-4)}.`);
  const body = jsonObject(request);
  if (typeof body["model"] !== "string") throw new MockRefusal(400, "you must provide a model parameter");
  const messages = objects(body["messages"]);
  if (messages.length === 0) throw new MockRefusal(400, "'messages' must be a non-empty array");
  for (const message of messages) if (!roles.has(String(message["role"]))) throw new MockRefusal(400, `invalid role ${String(message["role"])}`);
  const [firstTool] = objects(body["tools"]);
  const options = body["stream_options"] as { include_usage?: boolean } | null | undefined;
  return {
    model: body["model"],
    stream: body["stream"] === true,
    inputText: textOf(messages.map((message) => message["content"])),
    messageCount: messages.length,
    lastUserText: textOf(messages.findLast((message) => message["role"] === "user")?.["content"]),
    firstTool: (firstTool?.["function"] as { name?: string } | undefined)?.name,
    includeUsage: options?.include_usage === true,
    credential: key,
  };
}
