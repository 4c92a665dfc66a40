import { brokenFrame, exceptionFrame } from "./frames.ts";

const types: Readonly<Record<number, string>> = {
  400: "ValidationException",
  401: "UnrecognizedClientException",
  403: "AccessDeniedException",
  404: "ResourceNotFoundException",
  408: "ModelTimeoutException",
  424: "ModelErrorException",
  429: "ThrottlingException",
  503: "ServiceUnavailableException",
};

/** `code` is the exception's type where the status does not tell it. */
export function renderError(
  status: number,
  message: string,
  code?: string,
): { body: object; headers: Record<string, string> } {
  const type = code ?? types[status] ?? "InternalServerException";
  return {
    body: { message },
    headers: { "x-amzn-errortype": `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/` },
  };
}

export function renderErrorFrame(): Buffer {
  return exceptionFrame("throttlingException", "Too many tokens, please wait before trying again.");
}

export function renderBrokenFrame(): Buffer {
  return brokenFrame("contentBlockDelta");
}
