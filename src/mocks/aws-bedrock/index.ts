import type { MockProvider } from "../provider.ts";
import { renderAnswer } from "./answer.ts";
import { readRequest } from "./check-request.ts";
import { renderError, renderErrorFrame } from "./errors.ts";
import { renderFrames } from "./stream.ts";

export const mockAwsBedrock: MockProvider = {
  name: "awsbedrock",
  streamContentType: "application/vnd.amazon.eventstream",
  read: readRequest,
  answer: renderAnswer,
  frames: renderFrames,
  errorFrame: renderErrorFrame,
  error: renderError,
};
