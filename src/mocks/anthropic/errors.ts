const types: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  504: "timeout_error",
  529: "overloaded_error",
};

const requestId = "req_mock";

export function renderError(status: number, message: string): { body: object; headers: Record<string, string> } {
  const error = { type: types[status] ?? "api_error", message };
  return { body: { type: "error", error, request_id: requestId }, headers: { "request-id": requestId } };
}

export function renderErrorFrame(): Buffer {
  const event = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
  return Buffer.from(`event: error\ndata: ${JSON.stringify(event)}\n\n`);
}

export function renderBrokenFrame(): Buffer {
  return Buffer.from('event: content_block_delta\ndata: {"type": "content_block_delta", "delta": {\n\n');
}
