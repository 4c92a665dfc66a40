import type { Authenticator } from "../core/auth.ts";
import type { ClientRequest, Endpoint } from "../core/endpoint.ts";
import type { HeaderPatch, Headers } from "../core/headers.ts";
import type { PlannedAttempt } from "../core/request-plan.ts";
import type { Backend, HeaderMutation } from "../core/runtime-config.ts";
import type { Translator, TranslatorFactory, UpstreamRequest } from "../core/translator.ts";
import { GatewayError } from "../lib/errors.ts";
import { maxOutputTokensOf } from "../metering/output-limits.ts";

/** A request translated for one backend, not yet signed. */
export interface PreparedAttempt {
  readonly planned: PlannedAttempt;
  /** The client's, or what it became when a maximum of output tokens was added. */
  readonly request: ClientRequest;
  readonly translator: Translator;
  readonly upstream: UpstreamRequest;
}

/** A request as it leaves for one backend. */
export interface OutgoingRequest {
  /** `set` holds `:path` and every header of this backend's envelope, credentials included. */
  readonly headers: HeaderPatch;
  /** Never shared with another attempt; undefined = the client's bytes. */
  readonly body: Uint8Array | undefined;
}

export interface AttemptTools {
  readonly translatorFor: (backend: Backend, api: ClientRequest["api"]) => TranslatorFactory | undefined;
  readonly authenticatorFor: (backend: Backend) => Authenticator;
  /** The Host header that Envoy will send. */
  readonly hostHeader: (backend: Backend) => string;
  readonly nowMs: () => number;
  readonly newId: (prefix: string) => string;
}

/**
 * Translates the client's original request for one backend.
 * @throws GatewayError when this backend cannot serve this request (4xx)
 */
export function prepareAttempt(
  planned: PlannedAttempt,
  request: ClientRequest,
  clientHeaders: Headers,
  tools: AttemptTools,
): PreparedAttempt {
  const { backend } = planned;
  const factory = tools.translatorFor(backend, request.api);
  if (factory === undefined) {
    throw new GatewayError(
      "unsupported_pair",
      `backend ${backend.id} (${backend.schema}) cannot serve ${request.api} requests`,
    );
  }
  const translator = factory({
    request,
    clientHeaders,
    model: planned.model,
    options: backend.options,
    now: tools.nowMs,
    newId: tools.newId,
  });
  return { planned, request, translator, upstream: translator.request() };
}

/**
 * The same with a maximum of output tokens, for budgets that must know what an answer can cost (limits.md L31): where neither the
 * client nor the translator names one, the model's own is sent along.
 * @throws GatewayError as `prepareAttempt`
 */
export function prepareBounded(
  planned: PlannedAttempt,
  request: ClientRequest,
  clientHeaders: Headers,
  endpoint: Pick<Endpoint, "withOutputLimit">,
  tools: AttemptTools,
): PreparedAttempt {
  const prepared = prepareAttempt(planned, request, clientHeaders, tools);
  const { outputLimitMember } = planned.backend.options;
  const member = outputLimitMember ?? "max_tokens";
  if (prepared.upstream.maxOutputTokens !== undefined) {
    if (!isOverlooked(request, outputLimitMember)) return prepared;
    return prepareAttempt(
      planned,
      endpoint.withOutputLimit(request, request.maxOutputTokens ?? 1, member),
      clientHeaders,
      tools,
    );
  }
  const limited = endpoint.withOutputLimit(request, maxOutputTokensOf(planned.model), member);
  const again = prepareAttempt(planned, limited, clientHeaders, tools);
  const warnings = [...again.upstream.warnings, "max_tokens_defaulted"];
  return { ...again, upstream: { ...again.upstream, warnings } };
}

/** A provider that knows only the older name of the maximum would not see the newer one, and go on as long as it likes. */
function isOverlooked({ outputLimits }: ClientRequest, member: string | undefined): boolean {
  return member === "max_tokens" && outputLimits !== undefined && outputLimits[member] === undefined;
}

/** Names that no provider may see, whoever set them: credentials, vendor headers of other dialects, what no longer fits the body. */
const neverForwarded =
  /^(?:authorization|proxy-authorization|cookie|x-api-key|api-key|x-goog-api-key|content-encoding|x-amz-.*|anthropic-.*|openai-.*|x-stainless-.*)$/;

function applyMutation(set: Record<string, string>, remove: Set<string>, mutation: HeaderMutation | undefined): void {
  for (const { name, value } of mutation?.set ?? []) {
    remove.delete(name);
    set[name] = value;
  }
  for (const name of mutation?.remove ?? []) {
    delete set[name];
    remove.add(name);
  }
}

/**
 * The finished request: envelope, mutations of backend and route, then the signature over exactly that (R22).
 * `clientHeaders` are those that the client sent; nothing of an earlier attempt is in here.
 */
export async function finishAttempt(
  prepared: PreparedAttempt,
  clientHeaders: Headers,
  tools: AttemptTools,
): Promise<OutgoingRequest> {
  const { planned, request, upstream } = prepared;
  const body = upstream.body ?? request.raw;
  const set: Record<string, string> = { "accept-encoding": "identity", ...upstream.headers.set };
  const remove = new Set([
    ...clientHeaders.names().filter((name) => neverForwarded.test(name)),
    ...upstream.headers.remove,
  ]);
  applyMutation(set, remove, planned.backend.headerMutation);
  applyMutation(set, remove, planned.ref.headerMutation);
  const credentials = await tools.authenticatorFor(planned.backend).headers({
    method: "POST",
    host: tools.hostHeader(planned.backend),
    path: upstream.path,
    contentType: set["content-type"] ?? "application/json",
    body,
    nowMs: tools.nowMs(),
  });
  Object.assign(set, credentials, { ":path": upstream.path, "content-length": String(body.length) });
  for (const name of Object.keys(set)) remove.delete(name);
  return { headers: { set, remove: [...remove] }, body: upstream.body };
}

/**
 * Decompressing, translating and inserting the model make bodies longer, and Envoy takes none above its buffer limit.
 * @throws GatewayError `request_too_large`
 */
export function requireSendable(body: Uint8Array, limitBytes: number): void {
  if (body.length <= limitBytes) return;
  throw new GatewayError(
    "request_too_large",
    `the request body, as it must be sent to the provider, is larger than the ${limitBytes} bytes allowed here`,
  );
}

/**
 * The patch that turns Envoy's header map, in which `previous` attempts left their marks, into that of `next`: everything they
 * set and `next` does not set is removed, or restored when the client had sent it.
 */
export function headersAfter(previous: Iterable<string>, next: HeaderPatch, clientHeaders: Headers): HeaderPatch {
  const set: Record<string, string> = { ...next.set };
  const remove = new Set(next.remove);
  for (const name of previous) {
    if (name in set || name.startsWith(":")) continue;
    const original = clientHeaders.get(name);
    if (original !== undefined && !remove.has(name)) set[name] = original;
    else remove.add(name);
  }
  return { set, remove: [...remove] };
}
