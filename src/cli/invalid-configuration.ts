/** Configuration that cannot be used; the message lists every problem with file, line and column. */
export class InvalidConfiguration extends Error {
  constructor(report: string) {
    super(report);
    this.name = "InvalidConfiguration";
  }
}
