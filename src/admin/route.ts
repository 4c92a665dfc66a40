/** What is answered to a request on the admin port. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One page of the admin port. */
export interface Route {
  /** `/receipts/{id}`: what is in braces is one path element, percent-decoded. */
  readonly path: string;
  /** Whether it is for everybody; the others need the admin token. */
  readonly open: boolean;
  /** `parameters` stand in the order of the braces. */
  answer(parameters: readonly string[]): Promise<Answer>;
}

export function textAnswer(status: number, body: string): Answer {
  return { status, type: "text/plain", body };
}

export function jsonAnswer(status: number, value: unknown, headers?: Answer["headers"]): Answer {
  const body = `${JSON.stringify(value)}\n`;
  return { status, type: "application/json", body, ...(headers === undefined ? {} : { headers }) };
}

/** `message` says what to do. */
export function errorAnswer(status: number, code: string, message: string, headers?: Answer["headers"]): Answer {
  return jsonAnswer(status, { error: { code, message } }, headers);
}
