import { readChat } from "../openai/check-request.ts";
import type { MockCall, MockCredentials, ReceivedRequest } from "../provider.ts";
import { jsonObject, refuseForeign } from "../read-body.ts";
import { MockRefusal } from "../refusal.ts";

/** A user who says this is refused by the content filter. */
const filteredWord = "[filtered]";

/** The deployment that the path names; undefined = the body's model does. @throws MockRefusal */
function deploymentOf(request: ReceivedRequest): string | undefined {
  const url = new URL(request.path, "http://mock");
  if (request.method !== "POST") throw new MockRefusal(404, "Resource not found", "404");
  if (url.pathname === "/openai/v1/chat/completions") return undefined;
  const name = /^\/openai\/deployments\/([^/]+)\/chat\/completions$/.exec(url.pathname)?.[1];
  if (name === undefined) throw new MockRefusal(404, "Resource not found", "404");
  const version = url.searchParams.get("api-version") ?? "";
  if (!/^\d{4}-\d{2}-\d{2}(?:-preview)?$/.test(version)) throw new MockRefusal(404, "Resource not found", "404");
  return decodeURIComponent(name);
}

/** It has none but the calls. */
export function readPage(): undefined {
  return undefined;
}

export function readRequest(request: ReceivedRequest, { apiKey }: MockCredentials): MockCall {
  const deployment = deploymentOf(request);
  refuseForeign(request, /^(?:authorization|x-api-key|x-goog-api-key|x-amz-.*|anthropic-.*)$/);
  const credential = request.headers["api-key"];
  if (credential === undefined || (apiKey !== undefined && credential !== apiKey))
    throw new MockRefusal(401, "Access denied due to invalid subscription key or wrong API endpoint.", "401");
  const body = jsonObject(request);
  const call = readChat(body, credential, deployment ?? body["model"]);
  if (call.lastUserText.includes(filteredWord)) {
    const message = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.";
    throw new MockRefusal(400, message, "content_filter");
  }
  return call;
}
