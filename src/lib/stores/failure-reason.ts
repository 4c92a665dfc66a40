/** What ioredis tells of a connection that failed; of a cluster the last of its nodes'. */
type ConnectionError = NodeJS.ErrnoException & { readonly lastNodeError?: NodeJS.ErrnoException | null };

/** Why a connection failed, in words that hold no credentials. */
export function failureReason(error: ConnectionError): string {
  const { code, message } = error.lastNodeError ?? error;
  const refused = /\b(WRONGPASS|NOAUTH|NOPERM)\b/.exec(message)?.[1];
  if (refused !== undefined) return `user or password are not accepted (${refused})`;
  return code ?? "connection failed";
}
