import type { DiscoveryRequest, DiscoveryResponse } from "./messages.ts";
import { type ResourceKind, typeUrlOf, type VersionedResources } from "./snapshot.ts";

/** What a request of Envoy says. */
export type Reading =
  /** It wants to have resources, for the first time on this stream or others than before. */
  | { readonly kind: "subscribed" }
  /** It took what was sent last. */
  | { readonly kind: "accepted"; readonly version: string }
  /** It keeps what it had before. */
  | { readonly kind: "refused"; readonly version: string; readonly reason: string }
  /** It answers a response that another one has followed already: that one will be answered, too. */
  | { readonly kind: "outdated" };

function sameNames(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((name) => b.has(name));
}

/**
 * One kind of resources on one stream of one Envoy, in the state-of-the-world protocol: what it wants, what it was sent, what it
 * said to that. Version and nonce are two things: the version says what the content is, the nonce which response is meant.
 */
export class Subscription {
  readonly #kind: ResourceKind;
  readonly #nextNonce: () => string;
  #names: ReadonlySet<string> = new Set();
  #sent: { readonly version: string; readonly nonce: string } | undefined;
  #accepted: string | undefined;
  #refused: { readonly version: string; readonly reason: string } | undefined;

  constructor(kind: ResourceKind, nextNonce: () => string) {
    this.#kind = kind;
    this.#nextNonce = nextNonce;
  }

  /** How Envoy stands to a version. */
  stands(version: string): "accepted" | "pending" | { readonly refused: string } {
    if (this.#refused?.version === version) return { refused: this.#refused.reason };
    // what was sent after it and not answered yet may be something else
    return this.#accepted === version && this.#sent?.version === version ? "accepted" : "pending";
  }

  read(request: DiscoveryRequest): Reading {
    const sent = this.#sent;
    const nonce = request.response_nonce ?? "";
    if (sent === undefined || nonce === "") {
      this.#names = new Set(request.resource_names);
      this.#sent = undefined;
      return { kind: "subscribed" };
    }
    if (nonce !== sent.nonce) return { kind: "outdated" };
    const names = new Set(request.resource_names);
    const changed = !sameNames(names, this.#names);
    this.#names = names;
    if (request.error_detail !== undefined) {
      const reason = request.error_detail.message ?? "no reason was given";
      this.#refused = { version: sent.version, reason };
      return { kind: "refused", version: sent.version, reason };
    }
    this.#accepted = sent.version;
    if (!changed) return { kind: "accepted", version: sent.version };
    this.#sent = undefined;
    return { kind: "subscribed" };
  }

  /** What is to be sent so that Envoy has these; undefined = it was sent already. */
  respond({ version, resources }: VersionedResources): DiscoveryResponse | undefined {
    if (this.#sent?.version === version) return undefined;
    const nonce = this.#nextNonce();
    this.#sent = { version, nonce };
    this.#refused = undefined;
    const wanted = [...resources].filter(([name]) => this.#names.size === 0 || this.#names.has(name));
    return {
      version_info: version,
      nonce,
      type_url: typeUrlOf(this.#kind),
      resources: wanted.map(([, resource]) => resource),
    };
  }
}
