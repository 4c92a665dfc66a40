import { contentHash } from "../config/content-hash.ts";
import type { RuntimeConfig } from "../core/runtime-config.ts";
import { type DynamicResources, renderDynamic } from "../envoy/dynamic.ts";
import type { RenderOptions } from "../envoy/options.ts";
import { JsonMessages } from "../grpc/json-message.ts";
import { ProtoTypes } from "../grpc/proto-types.ts";
import { methodCodec } from "../grpc/protos.ts";
import type { Service } from "../grpc/server.ts";
import { Ads, adsPath } from "../xds/service.ts";
import {
  type RenderedSnapshot,
  type ResourceKind,
  resourceProtos,
  type Snapshot,
  SnapshotMaker,
} from "../xds/snapshot.ts";
import type { Change, EnvoySide } from "./live-configuration.ts";
import { explainRefusal } from "./refusal-of-envoy.ts";

/** A connected Envoy answers in a few milliseconds. */
const answerMs = 5_000;

export interface EnvoyFeedOptions {
  readonly config: RuntimeConfig;
  readonly render: RenderOptions;
  /** Settles when Envoy can use the clusters that it has taken (their names are resolved), or after a while. */
  readonly warmed: () => Promise<void>;
  /** Envoy refused something that it was sent; in words. */
  readonly refused: (reason: string) => void;
}

/** Feeds Envoy: renders configurations into resources and gives them to it through ADS, make-before-break (architecture.md §5). */
export class EnvoyFeed implements EnvoySide {
  readonly #options: EnvoyFeedOptions;
  readonly #rendered = new WeakMap<RuntimeConfig, DynamicResources>();
  readonly #maker: SnapshotMaker;
  readonly #ads: Ads;

  constructor(options: EnvoyFeedOptions) {
    this.#options = options;
    const messages = new JsonMessages(new ProtoTypes(resourceProtos));
    this.#maker = new SnapshotMaker({
      encode: (name, resource) => messages.encode(name, resource),
      hash: contentHash,
    });
    this.#ads = new Ads(this.#snapshot(options.config, [options.config]), (answer) => {
      if (answer.kind === "refused") options.refused(explainRefusal(answer.resources, answer.reason));
    });
  }

  service(): Service {
    return this.#ads.service(methodCodec(adsPath));
  }

  clusterName(config: RuntimeConfig, backendId: string): string {
    return this.#resources(config).clusterNames.get(backendId) ?? backendId;
  }

  async apply(next: RuntimeConfig, others: readonly RuntimeConfig[]): Promise<Change> {
    const before = this.#ads.snapshot;
    const whole = this.#snapshot(next, [next, ...others]);
    const remarks: string[] = [];
    // first the clusters alone: nothing leads to the new ones yet
    for (const [snapshot, kinds] of [
      [{ ...before, cluster: whole.cluster }, ["cluster"]],
      [whole, ["listener", "route"]],
    ] as const) {
      this.#ads.publish(snapshot);
      const refusal = await this.#refusal(kinds, remarks);
      if (refusal !== undefined) {
        this.#ads.publish(before);
        return { kind: "refused", reason: refusal };
      }
      if (snapshot !== whole) await this.#options.warmed();
    }
    return { kind: "applied", remarks };
  }

  keep(configs: readonly RuntimeConfig[]): void {
    const [current] = configs;
    if (current !== undefined) this.#ads.publish(this.#snapshot(current, configs));
  }

  async #refusal(kinds: readonly ResourceKind[], remarks: string[]): Promise<string | undefined> {
    for (const kind of kinds) {
      const confirmation = await this.#ads.confirmed(kind, answerMs);
      if (confirmation.kind === "refused") return explainRefusal(kind, confirmation.reason);
      if (confirmation.kind === "unanswered")
        remarks.push(
          `warning: Envoy has not taken the new ${kind}s within ${answerMs / 1_000} s; it will when it answers`,
        );
    }
    return undefined;
  }

  #resources(config: RuntimeConfig): DynamicResources {
    const known = this.#rendered.get(config);
    if (known !== undefined) return known;
    const made = renderDynamic(config, this.#options.render);
    this.#rendered.set(config, made);
    return made;
  }

  /** Routes of one configuration, clusters of several. */
  #snapshot(config: RuntimeConfig, configs: readonly RuntimeConfig[]): Snapshot {
    const { listener, routes } = this.#resources(config);
    const clusters = configs.flatMap((one) => [...this.#resources(one).clusters]);
    const rendered: RenderedSnapshot = {
      // what is the same in several has the same name
      cluster: new Map(clusters.reverse()),
      listener: new Map([[String(listener["name"]), listener]]),
      route: new Map([[String(routes["name"]), routes]]),
    };
    return this.#maker.make(rendered);
  }
}
