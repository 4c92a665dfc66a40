import { createHash } from "node:crypto";

export interface BillLine {
  readonly requests: number;
  readonly input: number;
  readonly output: number;
  readonly total: number;
}

export interface BillView {
  readonly provider: string;
  /** By the beginning of the credential's SHA-256. */
  readonly credentials: Readonly<Record<string, BillLine>>;
  readonly total: BillLine;
}

interface Sums {
  requests: number;
  input: number;
  output: number;
}

function line({ requests, input, output }: Sums): BillLine {
  return { requests, input, output, total: input + output };
}

/** The charge of one answer; grows with what is written. */
export interface Charge {
  /** Output tokens written so far, all together. Told before the bytes are, so that whoever has them finds them on the bill. */
  output(tokens: number): void;
}

/** What a mock charged: the truth that costs and budgets are held against. */
export class Bill {
  readonly #provider: string;
  readonly #credentials = new Map<string, Sums>();

  constructor(provider: string) {
    this.#provider = provider;
  }

  /** Charges the input of an answer that begins. */
  open(credential: string, input: number): Charge {
    const name = createHash("sha256").update(credential).digest("hex").slice(0, 12);
    const sums = this.#credentials.get(name) ?? { requests: 0, input: 0, output: 0 };
    this.#credentials.set(name, sums);
    sums.requests++;
    sums.input += input;
    let charged = 0;
    return {
      output: (tokens) => {
        sums.output += tokens - charged;
        charged = tokens;
      },
    };
  }

  view(): BillView {
    const total: Sums = { requests: 0, input: 0, output: 0 };
    for (const { requests, input, output } of this.#credentials.values()) {
      total.requests += requests;
      total.input += input;
      total.output += output;
    }
    return {
      provider: this.#provider,
      credentials: Object.fromEntries([...this.#credentials].map(([name, sums]) => [name, line(sums)])),
      total: line(total),
    };
  }

  /** Answers still being written go on charging a bill that nobody sees any more. */
  reset(): void {
    this.#credentials.clear();
  }
}
