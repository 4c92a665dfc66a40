import type { Codec, Peer, StreamHandler, StreamMethod } from "../grpc/server.ts";
import type { DiscoveryRequest, DiscoveryResponse } from "./messages.ts";
import { kindOf, type ResourceKind, resourceKinds, type Snapshot } from "./snapshot.ts";
import { Subscription } from "./subscription.ts";

export const adsPath = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";

/** Envoy's word on resources that it was sent. */
export type Answer =
  | { readonly kind: "accepted"; readonly resources: ResourceKind; readonly version: string }
  | { readonly kind: "refused"; readonly resources: ResourceKind; readonly version: string; readonly reason: string };

export type Confirmation =
  /** Every Envoy that is connected has taken it; also when none is. */
  | { readonly kind: "accepted" }
  | { readonly kind: "refused"; readonly reason: string }
  /** Not every Envoy has answered in time. */
  | { readonly kind: "unanswered" };

/** Envoy's aggregated discovery service, state of the world: whoever is connected gets the snapshot, and each one after it. */
export class Ads {
  readonly #answered: (answer: Answer) => void;
  readonly #streams = new Set<AdsStream>();
  readonly #waiting = new Set<() => void>();
  #snapshot: Snapshot;

  constructor(snapshot: Snapshot, answered: (answer: Answer) => void) {
    this.#snapshot = snapshot;
    this.#answered = answered;
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** How many Envoys are connected. */
  get connected(): number {
    return this.#streams.size;
  }

  service(codec: Codec<DiscoveryRequest, DiscoveryResponse>): StreamMethod<DiscoveryRequest, DiscoveryResponse> {
    return { kind: "duplex", path: adsPath, codec, lasting: true, open: (peer) => this.#open(peer) };
  }

  publish(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    for (const stream of this.#streams) stream.update();
    this.#changed();
  }

  /** Waits until every connected Envoy has said what it thinks of the resources of this kind in the snapshot. */
  confirmed(kind: ResourceKind, timeoutMs: number): Promise<Confirmation> {
    const { version } = this.#snapshot[kind];
    return new Promise((resolve) => {
      const look = (): void => {
        const confirmation = this.#confirmation(kind, version);
        if (confirmation !== undefined) settle(confirmation);
      };
      const settle = (confirmation: Confirmation): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(confirmation);
      };
      const timer = setTimeout(() => settle({ kind: "unanswered" }), timeoutMs);
      this.#waiting.add(look);
      look();
    });
  }

  #confirmation(kind: ResourceKind, version: string): Confirmation | undefined {
    let complete = true;
    for (const stream of this.#streams) {
      // one that has not asked for them yet will be sent them when it does
      const stands = stream.subscription(kind)?.stands(version) ?? "accepted";
      if (typeof stands === "object") return { kind: "refused", reason: stands.refused };
      if (stands === "pending") complete = false;
    }
    return complete ? { kind: "accepted" } : undefined;
  }

  #open(peer: Peer<DiscoveryResponse>): StreamHandler<DiscoveryRequest> {
    const stream = new AdsStream({
      send: (response) => peer.send(response),
      snapshot: () => this.#snapshot,
      answered: (answer) => {
        this.#answered(answer);
        this.#changed();
      },
      ended: () => {
        this.#streams.delete(stream);
        this.#changed();
      },
    });
    this.#streams.add(stream);
    return stream;
  }

  #changed(): void {
    for (const look of [...this.#waiting]) look();
  }
}

interface AdsStreamOptions {
  readonly send: (response: DiscoveryResponse) => void;
  readonly snapshot: () => Snapshot;
  readonly answered: (answer: Answer) => void;
  readonly ended: () => void;
}

/** The stream of one Envoy. */
class AdsStream implements StreamHandler<DiscoveryRequest> {
  readonly #options: AdsStreamOptions;
  readonly #subscriptions = new Map<ResourceKind, Subscription>();
  #nonces = 0;

  constructor(options: AdsStreamOptions) {
    this.#options = options;
  }

  subscription(kind: ResourceKind): Subscription | undefined {
    return this.#subscriptions.get(kind);
  }

  message(request: DiscoveryRequest): void {
    const kind = kindOf(request.type_url ?? "");
    // Envoy asks for nothing that our configuration does not refer to
    if (kind === undefined) return;
    const subscription = this.#subscriptions.get(kind) ?? new Subscription(kind, () => String(++this.#nonces));
    this.#subscriptions.set(kind, subscription);
    const reading = subscription.read(request);
    if (reading.kind === "subscribed") this.#send(kind, subscription);
    else if (reading.kind !== "outdated") this.#options.answered({ ...reading, resources: kind });
  }

  ended(): void {
    this.#options.ended();
  }

  /** Sends what has changed. */
  update(): void {
    for (const kind of resourceKinds) {
      const subscription = this.#subscriptions.get(kind);
      if (subscription !== undefined) this.#send(kind, subscription);
    }
  }

  #send(kind: ResourceKind, subscription: Subscription): void {
    const response = subscription.respond(this.#options.snapshot()[kind]);
    if (response !== undefined) this.#options.send(response);
  }
}
