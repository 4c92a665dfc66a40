import type { IncomingMessage, ServerResponse } from "node:http";
import type { Secret } from "../../core/auth.ts";
import { authorize } from "../authorize.ts";
import { guardRequest } from "./guard-request.ts";
import { answerJson, type KubeAnswer } from "./request.ts";
import type { ResourceApi } from "./resource-api.ts";
import { KubeError } from "./status.ts";

const largestBody = 4 * 1024 * 1024;
/** A watcher that reads so much slower than things happen is cut off; it comes back and lists again. */
const mostUnread = 4 * 1024 * 1024;

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBody)
      throw new KubeError(413, "RequestEntityTooLarge", `the body has more than ${largestBody} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function answerTo(request: IncomingMessage, api: ResourceApi, token: Secret): Promise<KubeAnswer> {
  const [path = "", query = ""] = (request.url ?? "").split(/\?(.*)/s);
  const method = request.method ?? "";
  try {
    guardRequest(method, request.headers);
    const refusal = authorize(request.headers.authorization, token);
    if (refusal !== undefined) {
      const error = new KubeError(
        401,
        "Unauthorized",
        "the admin token is needed: use the kubeconfig of tollgate kubeconfig",
      );
      return {
        ...answerJson(401, error.toStatus()),
        ...(refusal.headers === undefined ? {} : { headers: refusal.headers }),
      };
    }
    return await api.answer({
      method,
      path,
      query: new URLSearchParams(query),
      headers: request.headers,
      body: () => readBody(request),
    });
  } catch (error) {
    const told =
      error instanceof KubeError
        ? error
        : // a disk that is full, and the like: what it says has no values of resources
          new KubeError(500, "InternalError", `the resources cannot be kept: ${(error as Error).message}`);
    return answerJson(told.code, told.toStatus());
  }
}

/** Answers one request to the resource API. */
export async function serveKube(
  request: IncomingMessage,
  response: ServerResponse,
  api: ResourceApi,
  token: Secret,
): Promise<void> {
  const { status, type, body, headers, follow } = await answerTo(request, api, token);
  response.writeHead(status, { "content-type": type, ...(headers as Record<string, string | string[]> | undefined) });
  if (follow === undefined) {
    response.end(body);
    return;
  }
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  // a watcher waits for the headers before anything happens
  response.flushHeaders();
  await follow((line) => {
    if (response.writableLength > mostUnread) response.destroy();
    else response.write(line);
  }, gone.signal);
  response.end();
}
