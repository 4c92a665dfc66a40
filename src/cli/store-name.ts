/** How people are told of a store: without what its URL may hold of credentials. */
export function storeName(url: string): string {
  if (url.startsWith("memory:")) return "memory://";
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
