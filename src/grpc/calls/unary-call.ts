import type { Service } from "../server.ts";
import type { Call, CallHandler } from "./call.ts";
import { CallError, statusCode } from "./status.ts";

/** One request, one response. */
export class UnaryCall implements CallHandler {
  readonly #call: Call;
  readonly #method: Service & { readonly kind: "unary" };
  #request: { readonly message: unknown } | undefined;
  #isAtWork = false;

  constructor(call: Call, method: Service & { readonly kind: "unary" }) {
    this.#call = call;
    this.#method = method;
  }

  message(bytes: Buffer): void {
    if (this.#request !== undefined) throw new CallError(statusCode.unimplemented, "a second request in one call");
    this.#request = { message: this.#method.codec.decode(bytes) };
  }

  end(): void {
    if (this.#request === undefined) throw new CallError(statusCode.unimplemented, "a call without a request");
    this.#isAtWork = true;
    this.#method.handle(this.#request.message).then(
      (response) => this.#answer(response),
      (error: unknown) => {
        this.#call.fail(error);
        this.#call.done();
      },
    );
  }

  cancelled(): void {
    if (!this.#isAtWork) this.#call.done();
  }

  #answer(response: unknown): void {
    try {
      if (!this.#call.isOver) {
        this.#call.send(this.#method.codec.encode(response));
        this.#call.finish({ code: statusCode.ok, message: "" });
      }
    } catch (error) {
      this.#call.fail(error);
    }
    this.#call.done();
  }
}
