import type { MockProvider } from "../provider.ts";
import { renderAnswer } from "./answer.ts";
import { readRequest } from "./check-request.ts";
import { renderError, renderErrorFrame } from "./errors.ts";
import { renderFrames } from "./stream.ts";

export const mockOpenai: MockProvider = {
  name: "openai",
  streamContentType: "text/event-stream; charset=utf-8",
  read: readRequest,
  answer: renderAnswer,
  frames: renderFrames,
  errorFrame: renderErrorFrame,
  error: renderError,
};
