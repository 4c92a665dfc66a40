/**
 * The messages of Envoy's ext_proc v3 that we read and write, in the form of the proto loader (snake_case, enums as strings,
 * absent messages undefined). Only the members that we use.
 */
export interface HeaderValue {
  readonly key?: string;
  readonly value?: string;
  readonly raw_value?: Uint8Array;
}

export interface HttpHeaders {
  readonly headers?: { readonly headers?: readonly HeaderValue[] };
  readonly end_of_stream?: boolean;
}

export interface HttpBody {
  readonly body?: Uint8Array;
  readonly end_of_stream?: boolean;
}

/** google.protobuf.Value: unlike Envoy's own messages the loader's built-in ones are in camelCase, and misspelt members vanish silently. */
export interface ProtoValue {
  readonly stringValue?: string;
  readonly numberValue?: number;
  readonly boolValue?: boolean;
  readonly structValue?: ProtoStruct;
  readonly listValue?: { readonly values?: readonly ProtoValue[] };
}

export interface ProtoStruct {
  readonly fields?: Readonly<Record<string, ProtoValue>>;
}

export interface ProcessingRequest {
  readonly request_headers?: HttpHeaders;
  readonly request_body?: HttpBody;
  readonly response_headers?: HttpHeaders;
  readonly response_body?: HttpBody;
  readonly response_trailers?: object;
  readonly attributes?: Readonly<Record<string, ProtoStruct>>;
  readonly metadata_context?: { readonly filter_metadata?: Readonly<Record<string, ProtoStruct>> };
}

export interface HeaderMutationMessage {
  readonly set_headers?: readonly {
    readonly header: { readonly key: string; readonly raw_value: Uint8Array };
    readonly append_action: "OVERWRITE_IF_EXISTS_OR_ADD";
  }[];
  readonly remove_headers?: readonly string[];
}

export interface CommonResponse {
  readonly status?: "CONTINUE" | "CONTINUE_AND_REPLACE";
  readonly header_mutation?: HeaderMutationMessage;
  readonly body_mutation?:
    | { readonly body: Uint8Array }
    | { readonly clear_body: true }
    /** In FULL_DUPLEX_STREAMED only: what is passed on, and whether the answer ends with it. */
    | { readonly streamed_response: { readonly body: Uint8Array; readonly end_of_stream: boolean } };
  readonly clear_route_cache?: boolean;
}

export interface ImmediateResponse {
  readonly status: { readonly code: number };
  readonly headers: HeaderMutationMessage;
  readonly body: Uint8Array;
  readonly details: string;
}

export interface ProcessingResponse {
  readonly request_headers?: { readonly response: CommonResponse };
  readonly request_body?: { readonly response: CommonResponse };
  readonly response_headers?: { readonly response: CommonResponse };
  readonly response_body?: { readonly response: CommonResponse };
  readonly response_trailers?: object;
  readonly immediate_response?: ImmediateResponse;
  readonly dynamic_metadata?: ProtoStruct;
  /** Asks Envoy to wait longer for the answer to the message at hand; the answer follows. */
  readonly override_message_timeout?: { readonly seconds: number; readonly nanos: number };
  readonly mode_override?: {
    readonly response_body_mode: "STREAMED" | "FULL_DUPLEX_STREAMED" | "BUFFERED" | "NONE";
    readonly response_header_mode: "SEND";
    readonly response_trailer_mode?: "SEND";
  };
}
