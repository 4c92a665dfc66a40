import type { Endpoint } from "../../src/core/endpoint.ts";
import type { Translated, Translator } from "../../src/core/translator.ts";
import { Session } from "../../src/extproc/session.ts";
import { utf8Bytes } from "../../src/lib/bytes.ts";
import { makeConfig, makeRequest, makeView } from "../planning/support.ts";

export const endpoint: Endpoint = {
  api: "chat",
  prefix: "openai",
  path: "/v1/chat/completions",
  method: "POST",
  parse: () => makeRequest("gpt-4o"),
  withOutputLimit: (request, maxOutputTokens) => ({ ...request, maxOutputTokens }),
  lastEvent: /^data: \[DONE\]/m,
  errorBody: (error) => utf8Bytes(`{"error":"${error.message}"}`),
  streamCut: ({ reason }) => utf8Bytes(`data: cut by ${reason.code}\n\ndata: [DONE]\n\n`),
  streamError: (error) => utf8Bytes(`data: {"error":"${error.code}"}\n\n`),
};

/** A translator of which only some methods matter. */
export function makeTranslator(changes: Partial<Translator> = {}): Translator {
  const nothing: Translated = { body: undefined };
  return {
    request: () => ({ path: "/v1/chat/completions", headers: { set: {}, remove: [] }, body: undefined, warnings: [] }),
    responseHeaders: () => ({ headers: { set: {}, remove: [] }, stream: false }),
    responseBody: () => nothing,
    responseEnd: () => nothing,
    responseError: () => {
      throw new Error("not used");
    },
    ...changes,
  };
}

export function makeSession(id: string, startedMs = 0): Session {
  return new Session(id, makeConfig([]), makeView(), endpoint, startedMs);
}
