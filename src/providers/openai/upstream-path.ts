import type { BackendOptions } from "../../core/translator.ts";

/** Where chat completions are (translation.md §1.3): below the configured prefix, `/v1` if there is none, nothing if it is empty. */
export function upstreamPath({ prefix = "/v1" }: BackendOptions): string {
  return `${prefix}/chat/completions`;
}
