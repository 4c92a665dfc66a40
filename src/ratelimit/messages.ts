/** Envoy's rate-limit v3 messages, as far as we use them (proto-loader form: snake_case, enums as strings, absent = undefined). */
export interface RateLimitRequest {
  readonly domain?: string;
  readonly descriptors?: readonly RateLimitDescriptor[];
  /** For descriptors without one of their own; 0 or absent means 1. */
  readonly hits_addend?: number;
}

export interface RateLimitDescriptor {
  readonly entries?: readonly { readonly key?: string; readonly value?: string }[];
  readonly limit?: { readonly requests_per_unit?: number; readonly unit?: string };
  /** A wrapper: present without a value means 0. */
  readonly hits_addend?: { readonly value?: number };
  readonly is_negative_hits?: boolean;
}

export type Code = "OK" | "OVER_LIMIT";

export interface DescriptorStatus {
  readonly code: Code;
  readonly current_limit?: { readonly name: string; readonly requests_per_unit: number; readonly unit: string };
  readonly limit_remaining?: number;
  readonly duration_until_reset?: { readonly seconds: number; readonly nanos: number };
}

export interface RateLimitResponse {
  readonly overall_code: Code;
  readonly statuses: readonly DescriptorStatus[];
  readonly response_headers_to_add?: readonly { readonly key: string; readonly value: string }[];
  readonly raw_body?: Uint8Array;
}
