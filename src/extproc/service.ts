import type { Codec, Peer, StreamHandler, StreamMethod } from "../grpc/server.ts";
import { AttemptExchange } from "./attempt-exchange.ts";
import type { ProcessingRequest, ProcessingResponse } from "./messages.ts";
import { RouterExchange } from "./router-exchange.ts";
import type { ExchangeTools } from "./tools.ts";
import { metadataString } from "./wire.ts";

export const extProcPath = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";

/**
 * Both exchanges come through one method. An attempt's exchange is known by its first message, which carries the session that
 * only the router's exchange can have made (Envoy's metadata, never a header).
 */
export function extProcService(
  tools: ExchangeTools,
  codec: Codec<ProcessingRequest, ProcessingResponse>,
): StreamMethod<ProcessingRequest, ProcessingResponse> {
  return { kind: "duplex", path: extProcPath, codec, open: (peer) => new EitherExchange(tools, peer) };
}

class EitherExchange implements StreamHandler<ProcessingRequest> {
  readonly #tools: ExchangeTools;
  readonly #peer: Peer<ProcessingResponse>;
  #exchange: RouterExchange | AttemptExchange | undefined;

  constructor(tools: ExchangeTools, peer: Peer<ProcessingResponse>) {
    this.#tools = tools;
    this.#peer = peer;
  }

  message(request: ProcessingRequest): Promise<void> {
    this.#exchange ??=
      metadataString(request, "tollgate.session", "id") === undefined
        ? new RouterExchange(this.#tools, this.#peer)
        : new AttemptExchange(this.#tools, this.#peer);
    return this.#exchange.message(request);
  }

  ended(): void {
    this.#exchange?.ended();
  }
}
