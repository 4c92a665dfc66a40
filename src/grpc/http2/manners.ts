import { Allowance } from "./allowance.ts";
import { ConnectionError, errorCode } from "./errors.ts";
import type { Http2Limits } from "./limits.ts";

/** Counts what a peer may do, but not without end: frames that carry nothing, and requests that it takes back at once. */
export class Manners {
  readonly #limits: Http2Limits;
  readonly #idleFrames: Allowance;
  readonly #emptyResets: Allowance;

  constructor(limits: Http2Limits, nowMs: () => number) {
    this.#limits = limits;
    this.#idleFrames = new Allowance(limits.idleFrames, limits.idleFramesPerSecond, nowMs);
    this.#emptyResets = new Allowance(limits.emptyResets, limits.emptyResetsPerSecond, nowMs);
  }

  /** @throws ConnectionError */
  idleFrame(): void {
    if (!this.#idleFrames.take())
      throw new ConnectionError(errorCode.enhanceYourCalm, "too many frames that carry nothing");
  }

  usefulFrame(): void {
    this.#idleFrames.give(this.#limits.idleFramesPerUseful);
  }

  /** A request was reset before it said anything. @throws ConnectionError */
  emptyReset(): void {
    if (!this.#emptyResets.take())
      throw new ConnectionError(errorCode.enhanceYourCalm, "too many requests are reset before they say anything");
  }
}
