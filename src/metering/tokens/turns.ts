/**
 * Work in small steps, each far below a millisecond. What `yield` gives back says whether there is still time for careful work;
 * if not, what is left must be done the cheap way.
 */
export type Steps<T> = Generator<undefined, T, boolean>;

export interface TurnsOptions {
  readonly nowMs: () => number;
  /** Calls back in a later turn of the event loop (`setImmediate`). */
  readonly onNextTurn: (callback: () => void) => void;
  /** So long all steps together may take in one turn. */
  readonly sliceMs: number;
  /** So long one piece of work is given for careful work. */
  readonly carefulMs: number;
}

interface Task {
  /** Takes the next step; whether it was the last. */
  readonly step: (careful: boolean) => boolean;
  usedMs: number;
}

/**
 * Runs work in steps so that no turn of the event loop is longer than a slice, however many ask at once: `setImmediate` alone
 * would let every waiting piece of work have its slice in the same turn. Short work is done at once, in the caller's turn, as
 * long as the turn has time left.
 */
export class Turns {
  readonly #options: TurnsOptions;
  readonly #waiting: Task[] = [];
  #usedMs = 0;
  #armed = false;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** Resolves with what the steps return; rejects with what they throw. */
  run<T>(steps: Steps<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const step = (careful: boolean): boolean => {
        try {
          const result = steps.next(careful);
          if (result.done === true) resolve(result.value);
          return result.done === true;
        } catch (thrown) {
          reject(thrown);
          return true;
        }
      };
      this.#advance({ step, usedMs: 0 });
    });
  }

  /** Steps until the work is done or the turn's slice is used up; then it waits in line. */
  #advance(task: Task): void {
    const { nowMs, sliceMs, carefulMs } = this.#options;
    let done = false;
    let now = nowMs();
    while (!done && this.#usedMs < sliceMs) {
      done = task.step(task.usedMs < carefulMs);
      const after = nowMs();
      const elapsed = Math.max(0, after - now);
      now = after;
      task.usedMs += elapsed;
      this.#usedMs += elapsed;
    }
    if (!done) this.#waiting.push(task);
    this.#arm();
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#options.onNextTurn(() => {
      this.#armed = false;
      this.#usedMs = 0;
      // those who are put back in line during this turn wait for the next
      for (let left = this.#waiting.length; left > 0 && this.#usedMs < this.#options.sliceMs; left--) {
        const task = this.#waiting.shift();
        if (task !== undefined) this.#advance(task);
      }
      if (this.#waiting.length > 0 || this.#usedMs > 0) this.#arm();
    });
  }
}
