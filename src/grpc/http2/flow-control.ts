import { largestWindowBytes } from "./frames.ts";

/** What we may send. May fall below zero when the peer's settings take away what was given. */
export class SendWindow {
  #bytes: number;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  take(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** False when the window would be larger than a window can be. */
  give(bytes: number): boolean {
    this.#bytes += bytes;
    return this.#bytes <= largestWindowBytes;
  }
}

/** What the peer may send. Credit is given in larger pieces, so that frames are few. */
export class ReceiveWindow {
  readonly #size: number;
  /** What the peer may still send. */
  #bytes: number;
  /** What was taken and may be given back. */
  #credit = 0;

  constructor(size: number) {
    this.#size = size;
    this.#bytes = size;
  }

  /** False when the peer sent more than it may. */
  take(bytes: number): boolean {
    this.#bytes -= bytes;
    return this.#bytes >= 0;
  }

  /** How much to tell the peer that it may send in addition; 0 = nothing yet. */
  give(bytes: number): number {
    this.#credit += bytes;
    if (this.#credit < this.#size / 2) return 0;
    const increment = this.#credit;
    this.#bytes += increment;
    this.#credit = 0;
    return increment;
  }
}
