import type { AuthConfig } from "../../core/auth.ts";

/** What a backend authenticates with; `unusable` says what is missing, in words for a client. */
export interface CompiledAuth {
  readonly auth: AuthConfig;
  readonly unusable: string | undefined;
}
