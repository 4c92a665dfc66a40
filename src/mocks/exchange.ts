import type { ServerResponse } from "node:http";
import type { Bill } from "./bill.ts";
import type { FaultCounter } from "./fault-counter.ts";
import type { MockCredentials, MockProvider, ReceivedRequest } from "./provider.ts";

/** One request and what it takes to answer it. */
export interface Exchange {
  readonly provider: MockProvider;
  readonly request: ReceivedRequest;
  readonly response: ServerResponse;
  readonly credentials: MockCredentials;
  readonly bill: Bill;
  readonly counter: FaultCounter;
  /** Ends the connection from this side: the client did not abort. */
  cutOff(): void;
}
