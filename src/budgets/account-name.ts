/** Stands for a subject's header that a request does not have; a value that looks like it is written otherwise. */
const missing = "-";

/**
 * The account of a budget as text, for keys, messages and URLs: the subject's values in the order written, joined by commas
 * (commas, percent signs and a lone dash in them percent-encoded); `-` for a value that is missing, so that those who leave a
 * header out share one account; `*` when the budget has no subject.
 */
export function accountName(values: readonly (string | undefined)[]): string {
  if (values.length === 0) return "*";
  return values.map((value) => (value === undefined ? missing : encode(value))).join(",");
}

function encode(value: string): string {
  if (value === missing) return "%2D";
  return value.replaceAll("%", "%25").replaceAll(",", "%2C");
}
