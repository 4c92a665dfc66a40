/**
 * The parsed value of a JSON text that was scanned before: made on first use, then the same frozen value for everybody
 * (R16). Requests that only pass through never pay for it.
 */
export function lazyBody(json: Uint8Array): () => unknown {
  let parsed: { readonly value: unknown } | undefined;
  return () => {
    parsed ??= { value: deepFreeze(JSON.parse(new TextDecoder().decode(json))) };
    return parsed.value;
  };
}

/** The scanner's depth limit bounds the recursion. */
function deepFreeze(value: unknown): unknown {
  if (typeof value === "object" && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
