import { renderAnswer as renderOpenai } from "../openai/answer.ts";
import type { MockAnswer, MockCall } from "../provider.ts";

const safe = { filtered: false, severity: "safe" };

/** What the filter says of a prompt or an answer. */
export const filterResults = { hate: safe, self_harm: safe, sexual: safe, violence: safe };

/** Of the prompt, as it stands beside the choices. */
export const promptFilterResults = [{ prompt_index: 0, content_filter_results: filterResults }];

export function renderAnswer(call: MockCall, answer: MockAnswer): object {
  const rendered = renderOpenai(call, answer) as { readonly choices: readonly object[] };
  const choices = rendered.choices.map((choice) => ({ ...choice, content_filter_results: filterResults }));
  return { ...rendered, choices, prompt_filter_results: promptFilterResults };
}
