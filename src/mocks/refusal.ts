/** What the real provider would refuse. */
export class MockRefusal extends Error {
  readonly status: number;
  /** The provider's own name for it, where the status does not tell it. */
  readonly code: string | undefined;

  constructor(status: number, message: string, code?: string) {
    super(message);
    this.name = "MockRefusal";
    this.status = status;
    this.code = code;
  }
}
