/** The messages of Envoy's discovery services, as far as we use them (proto-loader form: absent = undefined). */
export interface DiscoveryRequest {
  /** Of the response that was accepted last; empty = none yet. */
  readonly version_info?: string;
  readonly resource_names?: readonly string[];
  readonly type_url?: string;
  /** Of the response that this answers; empty = this answers none. */
  readonly response_nonce?: string;
  /** Present = that response is refused. */
  readonly error_detail?: { readonly message?: string };
}

export interface DiscoveryResponse {
  readonly version_info: string;
  readonly resources: readonly EncodedResource[];
  readonly type_url: string;
  readonly nonce: string;
}

/** `google.protobuf.Any` */
export interface EncodedResource {
  readonly type_url: string;
  readonly value: Uint8Array;
}
