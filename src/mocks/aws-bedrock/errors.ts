import { exceptionFrame } from "./frames.ts";

const types: Readonly<Record<number, string>> = {
  400: "ValidationException",
  403: "AccessDeniedException",
  404: "ResourceNotFoundException",
  424: "ModelErrorException",
  429: "ThrottlingException",
  503: "ServiceUnavailableException",
};

export function renderError(status: number, message: string): { body: object; headers: Record<string, string> } {
  const type = types[status] ?? "InternalServerException";
  return { body: { message }, headers: { "x-amzn-errortype": `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/` } };
}

export function renderErrorFrame(): Buffer {
  return exceptionFrame("throttlingException", "Too many tokens, please wait before trying again.");
}
