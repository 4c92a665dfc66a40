const types: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "invalid_request_error",
  404: "invalid_request_error",
  429: "rate_limit_error",
};

export function renderError(status: number, message: string): { body: object; headers: Record<string, string> } {
  const code = status === 401 ? "invalid_api_key" : status === 429 ? "rate_limit_exceeded" : null;
  return { body: { error: { message, type: types[status] ?? "server_error", param: null, code } }, headers: {} };
}

export function renderErrorFrame(): Buffer {
  return Buffer.from(`data: ${JSON.stringify({ error: { message: "The server had an error while processing your request", type: "server_error", param: null, code: null } })}\n\n`);
}
