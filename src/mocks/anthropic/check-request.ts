import type { MockCall, MockCredentials, ReceivedRequest } from "../provider.ts";
import { jsonObject, lastUserText, objects, refuseForeign, textOf } from "../read-body.ts";
import { MockRefusal } from "../refusal.ts";

const members = new Set(
  `cache_control container context_management inference_geo max_tokens mcp_servers messages metadata model output_config output_format
   service_tier speed stop_sequences stream system temperature thinking tool_choice tools top_k top_p`.split(/\s+/),
);

function toolIds(message: Record<string, unknown> | undefined, type: string, key: string): string[] {
  return objects(message?.["content"])
    .filter((block) => block["type"] === type)
    .map((block) => String(block[key]));
}

function checkContent(message: Record<string, unknown>, index: number): void {
  const { role, content } = message;
  if (role !== "user" && role !== "assistant") {
    throw new MockRefusal(400, `messages.${index}.role: Input should be 'user' or 'assistant'`);
  }
  if (typeof content === "string" ? content === "" : objects(content).length === 0) {
    throw new MockRefusal(400, `messages.${index}: all messages must have non-empty content`);
  }
  if (objects(content).some((block) => block["type"] === "text" && block["text"] === "")) {
    throw new MockRefusal(400, `messages.${index}: text content blocks must be non-empty`);
  }
}

/** Results refer to calls of the message before them, and each call has its result in the message after it. */
function checkTools(messages: readonly Record<string, unknown>[], index: number): void {
  const called = new Set(toolIds(messages[index - 1], "tool_use", "id"));
  const answered = toolIds(messages[index], "tool_result", "tool_use_id");
  for (const id of answered) {
    if (!called.delete(id))
      throw new MockRefusal(400, `messages.${index}: unexpected tool_use_id in tool_result blocks: ${id}`);
  }
  if (called.size > 0)
    throw new MockRefusal(400, `messages.${index}: tool_use without tool_result: ${[...called].join(", ")}`);
}

function checkBody(body: Record<string, unknown>): void {
  const unknown = Object.keys(body).find((name) => !members.has(name));
  if (unknown !== undefined) throw new MockRefusal(400, `${unknown}: Extra inputs are not permitted`);
  const { model, max_tokens: maxTokens, temperature } = body;
  if (typeof model !== "string" || model === "") throw new MockRefusal(400, "model: Field required");
  // another vendor's model: an override is missing
  if (/^(?:gpt-|o\d)/.test(model)) throw new MockRefusal(404, `model: ${model}`);
  if (maxTokens === undefined) throw new MockRefusal(400, "max_tokens: Field required");
  if (!Number.isInteger(maxTokens) || Number(maxTokens) < 1)
    throw new MockRefusal(400, "max_tokens: must be 1 or more");
  if (typeof temperature === "number" && temperature > 1) throw new MockRefusal(400, "temperature: range: 0..1");
  if (objects(body["messages"]).length === 0) throw new MockRefusal(400, "messages: at least one message is required");
  if (body["tool_choice"] !== undefined && objects(body["tools"]).length === 0) {
    throw new MockRefusal(400, "tool_choice may only be specified while providing tools");
  }
}

/** It has none but the calls. */
export function readPage(): undefined {
  return undefined;
}

export function readRequest(request: ReceivedRequest, { apiKey }: MockCredentials): MockCall {
  const [path] = request.path.split("?");
  if (request.method !== "POST" || path !== "/v1/messages")
    throw new MockRefusal(404, `Not found: ${request.method} ${path}`);
  refuseForeign(request, /^(?:authorization|api-key|x-goog-api-key|x-amz-.*|openai-.*)$/);
  const credential = request.headers["x-api-key"];
  if (credential === undefined) throw new MockRefusal(401, "x-api-key header is required");
  if (apiKey !== undefined && credential !== apiKey) throw new MockRefusal(401, "invalid x-api-key");
  if (request.headers["anthropic-version"] === undefined)
    throw new MockRefusal(400, "anthropic-version: header is required");
  const body = jsonObject(request);
  checkBody(body);
  const messages = objects(body["messages"]);
  for (const [index, message] of messages.entries()) {
    checkContent(message, index);
    checkTools(messages, index);
  }
  const [firstTool] = objects(body["tools"]);
  return {
    model: String(body["model"]),
    stream: body["stream"] === true,
    inputText: textOf([body["system"], messages]),
    messageCount: messages.length,
    lastUserText: lastUserText(messages),
    firstTool: firstTool === undefined ? undefined : String(firstTool["name"]),
    includeUsage: true,
    credential,
  };
}
