import { defaultTransport, readTransport, type Transport } from "../../src/cli/transport.ts";

/** The transport that the tests are run on: `TOLLGATE_TRANSPORT`, or what the gateway takes by itself. */
export function testedTransport(): Transport {
  return readTransport(process.env["TOLLGATE_TRANSPORT"] ?? defaultTransport, "TOLLGATE_TRANSPORT");
}
