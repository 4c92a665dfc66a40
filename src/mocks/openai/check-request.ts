import type { MockCall, MockCredentials, ReceivedRequest } from "../provider.ts";
import { jsonObject, lastUserText, objects, refuseForeign, textOf } from "../read-body.ts";
import { MockRefusal } from "../refusal.ts";
import { createdSeconds } from "./answer.ts";

const roles = new Set(["system", "developer", "user", "assistant", "tool", "function"]);
const servedModels = ["gpt-4o", "gpt-4o-mini"];

/** The key as the real one quotes it: a part is told. */
function masked(key: string): string {
  return `${key.slice(0, 8)}${"*".repeat(Math.max(3, key.length - 12))}${key.slice(-4)}`;
}

function checkKey(request: ReceivedRequest, apiKey: string | undefined): string {
  refuseForeign(request, /^(?:x-api-key|api-key|x-goog-api-key|x-amz-.*|anthropic-.*)$/);
  const key = /^Bearer (.+)$/.exec(request.headers["authorization"] ?? "")?.[1];
  if (key === undefined) throw new MockRefusal(401, "You didn't provide an API key.");
  if (apiKey !== undefined && key !== apiKey) {
    throw new MockRefusal(401, `Incorrect API key provided: ${masked(key)}.`, "invalid_api_key");
  }
  return key;
}

/** Tool messages answer all calls of the assistant message before them and nothing else. */
function checkTools(messages: readonly Record<string, unknown>[]): void {
  let open = new Set<unknown>();
  for (const [index, message] of messages.entries()) {
    if (message["role"] === "tool") {
      if (!open.delete(message["tool_call_id"])) {
        throw new MockRefusal(400, `messages.[${index}]: a tool message must answer one of the preceding 'tool_calls'`);
      }
      continue;
    }
    if (open.size > 0)
      throw new MockRefusal(400, `messages.[${index}]: 'tool_calls' without tool messages: ${[...open].join(", ")}`);
    open = new Set(objects(message["tool_calls"]).map(({ id }) => id));
  }
  if (open.size > 0) throw new MockRefusal(400, `'tool_calls' without tool messages: ${[...open].join(", ")}`);
}

/** `GET /v1/models`. */
export function readPage(request: ReceivedRequest, { apiKey }: MockCredentials): object | undefined {
  if (request.method !== "GET" || request.path.split("?")[0] !== "/v1/models") return undefined;
  checkKey(request, apiKey);
  const model = (id: string): object => ({ id, object: "model", created: createdSeconds, owned_by: "mock" });
  return { object: "list", data: servedModels.map(model) };
}

export function readRequest(request: ReceivedRequest, { apiKey }: MockCredentials): MockCall {
  const [path] = request.path.split("?");
  if (request.method !== "POST" || path !== "/v1/chat/completions") {
    throw new MockRefusal(404, `Invalid URL (${request.method} ${path})`);
  }
  const credential = checkKey(request, apiKey);
  const body = jsonObject(request);
  return readChat(body, credential, body["model"]);
}

/** A chat completion's body, for this model. @throws MockRefusal */
export function readChat(body: Record<string, unknown>, credential: string, model: unknown): MockCall {
  if (typeof model !== "string" || model === "") throw new MockRefusal(400, "you must provide a model parameter");
  const messages = objects(body["messages"]);
  if (messages.length === 0) throw new MockRefusal(400, "'messages' must be a non-empty array of objects");
  for (const { role } of messages) {
    if (!roles.has(String(role))) throw new MockRefusal(400, `Invalid value for 'role': '${String(role)}'`);
  }
  checkTools(messages);
  const options = body["stream_options"] as { include_usage?: boolean } | null | undefined;
  if (options && body["stream"] !== true)
    throw new MockRefusal(400, "'stream_options' is only allowed when 'stream' is enabled");
  const [firstTool] = objects(body["tools"]);
  return {
    model,
    stream: body["stream"] === true,
    inputText: textOf(messages),
    messageCount: messages.length,
    lastUserText: lastUserText(messages),
    firstTool: (firstTool?.["function"] as { name?: string } | undefined)?.name,
    includeUsage: options?.include_usage === true,
    credential,
  };
}
