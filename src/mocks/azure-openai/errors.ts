import { renderBrokenFrame, renderErrorFrame } from "../openai/errors.ts";
import { filterResults } from "./answer.ts";

export { renderBrokenFrame, renderErrorFrame };

/** Codes are the status as text where the real one has no better. */
export function renderError(
  status: number,
  message: string,
  code = String(status),
): { body: object; headers: Record<string, string> } {
  const headers = { "apim-request-id": "mock" };
  if (code !== "content_filter") return { body: { error: { code, message } }, headers };
  const innererror = {
    code: "ResponsibleAIPolicyViolation",
    content_filter_result: { ...filterResults, hate: { filtered: true, severity: "high" } },
  };
  return { body: { error: { message, type: null, param: "prompt", code, status, innererror } }, headers };
}
