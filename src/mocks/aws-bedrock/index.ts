import type { MockProvider } from "../provider.ts";
import { renderAnswer } from "./answer.ts";
import { readPage, readRequest } from "./check-request.ts";
import { renderBrokenFrame, renderError, renderErrorFrame } from "./errors.ts";
import { renderFrames } from "./stream.ts";

export const mockAwsBedrock: MockProvider = {
  name: "awsbedrock",
  thinks: true,
  streamContentType: "application/vnd.amazon.eventstream",
  readPage,
  read: readRequest,
  answer: renderAnswer,
  frames: renderFrames,
  errorFrame: renderErrorFrame,
  brokenFrame: renderBrokenFrame,
  error: renderError,
};
