import type { ChatRequest } from "./chat-request.ts";
import type { Warnings } from "./warnings.ts";

export interface Sampling {
  readonly temperature?: number | undefined;
  readonly topP?: ChatRequest["topP"];
  readonly topK?: ChatRequest["topK"];
}

/** Sampling for a provider that takes temperatures of 0 … 1, where chat allows 0 … 2 (R60); `drop`: it takes none at all. */
export function prepareSampling(chat: ChatRequest, drop: boolean, warnings: Warnings): Sampling {
  const { temperature, topP, topK } = chat;
  if (!drop) return { temperature: clamp(temperature, warnings), topP, topK };
  if (temperature !== undefined) warnings.dropped("temperature");
  if (topP !== undefined) warnings.dropped("top_p");
  if (topK !== undefined) warnings.dropped("top_k");
  return {};
}

function clamp(temperature: number | undefined, warnings: Warnings): number | undefined {
  if (temperature === undefined || temperature <= 1) return temperature;
  warnings.add("temperature_clamped");
  return 1;
}
