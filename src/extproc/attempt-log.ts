import type { Codec, StreamMethod } from "../grpc/server.ts";
import type { Sessions } from "./sessions.ts";

/** Envoy's access-log stream, as far as we read it (proto-loader form). */
export interface LogMessage {
  readonly http_logs?: { readonly log_entry?: readonly LogEntry[] };
}

export interface LogEntry {
  readonly common_properties?: {
    readonly upstream_cluster?: string;
    readonly response_flags?: Readonly<Record<string, unknown>>;
  };
  readonly request?: { readonly request_headers?: Readonly<Record<string, string>> };
  readonly response?: { readonly response_code?: { readonly value?: number } };
}

export const attemptLogPath = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs";

/** Flags that are set, e.g. `upstream_connection_failure`. */
function setFlags(flags: Readonly<Record<string, unknown>> | undefined): string[] {
  return Object.entries(flags ?? {})
    .filter(([, value]) => value === true)
    .map(([name]) => name);
}

/** Receives one entry per upstream attempt (the router's `upstream_log`) and hands it to its session. */
export function attemptLogService(
  sessions: Sessions,
  codec: Codec<LogMessage, object>,
): StreamMethod<LogMessage, object> {
  return {
    kind: "client-stream",
    path: attemptLogPath,
    codec,
    open: () => ({
      message: (message) => {
        for (const entry of message.http_logs?.log_entry ?? []) {
          const id = entry.request?.request_headers?.["x-tollgate-session"];
          if (id === undefined) continue;
          sessions.report(id, {
            backendId: entry.common_properties?.upstream_cluster ?? "",
            status: entry.response?.response_code?.value ?? 0,
            flags: setFlags(entry.common_properties?.response_flags),
          });
        }
      },
      ended: () => undefined,
    }),
  };
}
