import type { Exchange } from "./exchange.ts";

/** The provider's own error answer. */
export function sendError({ provider, response }: Exchange, status: number, message: string, code?: string): void {
  const { body, headers } = provider.error(status, message, code);
  const retry = status === 429 ? { "retry-after": "1" } : {};
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": String(bytes.length),
    ...retry,
    ...headers,
  });
  response.end(bytes);
}
