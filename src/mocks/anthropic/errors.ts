const types: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  529: "overloaded_error",
};

export function renderError(status: number, message: string): { body: object; headers: Record<string, string> } {
  return { body: { type: "error", error: { type: types[status] ?? "api_error", message }, request_id: "req_mock" }, headers: { "request-id": "req_mock" } };
}

export function renderErrorFrame(): Buffer {
  const event = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
  return Buffer.from(`event: error\ndata: ${JSON.stringify(event)}\n\n`);
}
