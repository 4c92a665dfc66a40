import { type AttemptInput, defaultCodecLimits, type Translator, type UpstreamRequest } from "../../core/translator.ts";
import { contentCodings } from "../../lib/content-codings.ts";
import { replaceModel } from "../../lib/json-edit.ts";
import { scanObject } from "../../lib/json-scanner.ts";
import { makePassingAnswer } from "../common/passing-answer.ts";
import { PassingStream } from "../common/passing-stream.ts";
import { Warnings } from "../common/warnings.ts";
import { withoutForeignThinking } from "./drop-foreign-thinking.ts";
import { readPassingError } from "./errors.ts";
import { readMessagesJson } from "./messages-json.ts";
import { MessagesTap } from "./messages-tap.ts";

const defaultVersion = "2023-06-01";

/** Passes messages to a server that speaks them (translation.md §6.5). */
export function messagesToAnthropic(input: AttemptInput): Translator {
  const maxEventBytes = input.options.limits?.maxEventBytes ?? defaultCodecLimits.maxEventBytes;
  return {
    request: () => makeRequest(input),
    ...makePassingAnswer({
      readJson: readMessagesJson,
      makeStream: () =>
        new PassingStream({ tap: new MessagesTap(input), maxEventBytes, doneEnds: false, replaces: false }),
      readError: readPassingError,
    }),
  };
}

/** The client's own bytes, edited only where the model's name differs or where thinking of other models must go. */
function makeRequest(input: AttemptInput): UpstreamRequest {
  const { request, clientHeaders, options } = input;
  const warnings = new Warnings();
  const isCompressed = contentCodings(clientHeaders.get("content-encoding")).length > 0;
  const body = editedBody(input, warnings);
  const betas = clientHeaders.all("anthropic-beta");
  return {
    path: `${options.prefix ?? "/v1"}/messages`,
    headers: {
      set: {
        "content-type": "application/json",
        "accept-encoding": "identity",
        "anthropic-version": clientHeaders.get("anthropic-version") ?? options.anthropicVersion ?? defaultVersion,
        ...(betas.length > 0 ? { "anthropic-beta": betas.join(",") } : {}),
      },
      remove: isCompressed ? ["content-encoding"] : [],
    },
    body: body === request.raw && !isCompressed ? undefined : body,
    warnings: warnings.codes,
    maxOutputTokens: request.maxOutputTokens,
  };
}

function editedBody({ request, model }: AttemptInput, warnings: Warnings): Uint8Array {
  const body = withoutForeignThinking(request.raw, warnings);
  return model === request.model ? body : replaceModel(body, scanObject(body) ?? [], model);
}
