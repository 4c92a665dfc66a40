const version = "v1";

/**
 * The account of a rate-limit rule (limits.md L10): `v1` and the length-prefixed values of the Distinct selectors in the order
 * written; `v1` alone when there are none. Never empty: Envoy treats an empty string as absent and sends nothing.
 */
export function encodeAccount(parts: readonly string[]): string {
  return parts.reduce(extendAccount, version);
}

/** The account with one more value. */
export function extendAccount(account: string, part: string): string {
  return `${account}|${part.length}:${part}`;
}

/** The values again; undefined when it is no account of ours. */
export function decodeAccount(account: string): readonly string[] | undefined {
  if (!account.startsWith(version)) return undefined;
  const parts: string[] = [];
  let position = version.length;
  while (position < account.length) {
    const head = /^\|(\d+):/.exec(account.slice(position, position + 24));
    if (head === null) return undefined;
    const start = position + head[0].length;
    const end = start + Number(head[1]);
    if (end > account.length) return undefined;
    parts.push(account.slice(start, end));
    position = end;
  }
  return parts;
}
