const types: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "invalid_request_error",
  403: "invalid_request_error",
  404: "invalid_request_error",
  429: "requests",
};

const codes: Readonly<Record<number, string>> = { 429: "rate_limit_exceeded" };

export function renderError(
  status: number,
  message: string,
  code?: string,
): { body: object; headers: Record<string, string> } {
  const error = { message, type: types[status] ?? "server_error", param: null, code: code ?? codes[status] ?? null };
  return { body: { error }, headers: { "x-request-id": "req_mock" } };
}

export function renderErrorFrame(): Buffer {
  const error = {
    message: "The mock failed in the middle of its answer.",
    type: "server_error",
    param: null,
    code: null,
  };
  return Buffer.from(`data: ${JSON.stringify({ error })}\n\n`);
}

export function renderBrokenFrame(): Buffer {
  return Buffer.from('data: {"id": "x", "choices": [\n\n');
}
