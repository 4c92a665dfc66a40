import type { MockProvider } from "../provider.ts";
import { renderAnswer } from "./answer.ts";
import { readPage, readRequest } from "./check-request.ts";
import { renderBrokenFrame, renderError, renderErrorFrame } from "./errors.ts";
import { renderFrames } from "./stream.ts";

export const mockAzureOpenai: MockProvider = {
  name: "azureopenai",
  thinks: false,
  streamContentType: "text/event-stream; charset=utf-8",
  readPage,
  read: readRequest,
  answer: renderAnswer,
  frames: renderFrames,
  errorFrame: renderErrorFrame,
  brokenFrame: renderBrokenFrame,
  error: renderError,
};
