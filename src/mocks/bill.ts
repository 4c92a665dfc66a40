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

const nothing: BillLine = { requests: 0, input: 0, output: 0, total: 0 };

function plus(line: BillLine, input: number, output: number): BillLine {
  return { requests: line.requests + 1, input: line.input + input, output: line.output + output, total: line.total + input + output };
}

/** What a mock charged: the truth that costs and budgets are held against. */
export class Bill {
  readonly #provider: string;
  #credentials = new Map<string, BillLine>();
  #total = nothing;

  constructor(provider: string) {
    this.#provider = provider;
  }

  charge(credential: string, input: number, output: number): void {
    const name = createHash("sha256").update(credential).digest("hex").slice(0, 12);
    this.#credentials.set(name, plus(this.#credentials.get(name) ?? nothing, input, output));
    this.#total = plus(this.#total, input, output);
  }

  view(): BillView {
    return { provider: this.#provider, credentials: Object.fromEntries(this.#credentials), total: this.#total };
  }

  reset(): void {
    this.#credentials = new Map();
    this.#total = nothing;
  }
}
