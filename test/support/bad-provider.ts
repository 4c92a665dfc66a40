import { expect } from "chai";
import { estimateInputTokens } from "../../src/metering/estimate.ts";
import type { RunningMock } from "../../src/mocks/start-mock.ts";
import { type Answer, answer, hello, type Loose, open } from "./client.ts";
import type { LogLine } from "./stack.ts";
import type { World } from "./world.ts";

export const claude = "claude-sonnet-4-20250514";
const bedrockModel = "anthropic.claude-sonnet-4-5-20250929-v1:0";
export const rules = {
  "gpt-4o": ["openai-backend"],
  [claude]: ["anthropic-backend"],
  [bedrockModel]: ["bedrock-backend"],
  both: ["openai-backend", "anthropic-backend"],
};

/** What the mocks say; with `x-mock-usage: 60,40` the provider's numbers are not those of any estimate. */
export const said = "Hello from the mock.";
export const saidTokens = 5;
export const halfSaidTokens = 3;

interface Asked {
  readonly model: string;
  readonly fault: string;
  readonly stream?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request and everything that can be seen of it afterwards. */
interface Seen {
  readonly answer: Answer;
  /** The connection was cut before the answer was complete. */
  readonly broken: boolean;
  readonly milliseconds: number;
  /** The gateway's log line. */
  readonly line: LogLine;
  /** Envoy's access log. */
  readonly access: LogLine;
  readonly estimatedInput: number;
}

export async function ask(world: World, { model, fault, stream = false, headers }: Asked): Promise<Seen> {
  const body = { ...hello, stream };
  const started = Date.now();
  const outgoing = { "x-ai-eg-model": model, "x-mock-usage": "60,40", "x-mock-fault": fault, ...headers };
  const response = await open(world.url, { headers: outgoing, body }).response;
  const chunks: Buffer[] = [];
  response.on("data", (chunk: Buffer) => chunks.push(chunk));
  const broken = await new Promise<boolean>((resolve) => {
    response.once("end", () => resolve(false));
    response.once("error", () => resolve(true));
  });
  const milliseconds = Date.now() - started;
  const line = await world.requestLog(() => true);
  return {
    answer: answer(
      response.statusCode ?? 0,
      Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
      Buffer.concat(chunks).toString(),
    ),
    broken,
    milliseconds,
    line,
    access: await world.access((candidate) => candidate["session"] === line["session"]),
    estimatedInput: estimateInputTokens(Buffer.from(JSON.stringify(body))),
  };
}

export async function metric(world: World, name: string, label: string): Promise<number> {
  const found = new RegExp(`^tollgate_${name}\\{${label}\\} (\\d+)$`, "m").exec(await world.gateway.metrics.render());
  return Number(found?.[1] ?? 0);
}

export function expectError({ answer: { status, headers, json, text } }: Seen, expected: object): Loose {
  expect(headers["content-type"], text).to.equal("application/json");
  const { error } = json();
  expect({ status, type: error.type, code: error.code }).to.deep.equal(expected);
  expect(error.message).to.be.a("string").and.not.equal("");
  return error;
}

/** Log line and access log agree on how it ended and on what was charged. */
export function expectCharged({ line, access }: Seen, outcome: object, total: number, estimated: boolean): void {
  expect(line).to.include(outcome);
  expect(line["costs"]).to.include({ llm_total_token: total });
  expect(access["llm_total_token"]).to.equal(total);
  expect(access["usage_estimated"]).to.equal(estimated);
}

/** The last event is the error, complete, and nothing of an end is there. */
export function expectErrorEvent({ answer: got }: Seen, expected: object): void {
  expect(got.status).to.equal(200);
  expect(got.headers["content-type"]).to.contain("text/event-stream");
  expect(got.text).not.to.contain("[DONE]");
  expect(got.text.endsWith("}\n\n")).to.equal(true);
  const errors = got.events().filter((event) => event.error !== undefined);
  expect(errors).to.have.length(1);
  const { error } = got.events().at(-1);
  expect(error).to.include(expected);
  expect(error.message).to.be.a("string").and.not.equal("");
}

export function contentOf({ events }: Answer): string {
  return events()
    .map((event) => event.choices?.[0]?.delta?.content ?? "")
    .join("");
}

/** A whole answer in the client's dialect, with its end. */
export function expectWhole({ answer: got, broken }: Seen, stream: boolean): void {
  expect(got.status, got.text.slice(0, 500)).to.equal(200);
  expect(broken).to.equal(false);
  expect(got.headers).not.to.have.property("content-encoding");
  expect(stream ? contentOf(got) : got.json().choices[0].message.content).to.equal(said);
  if (stream) expect(got.text.endsWith("data: [DONE]\n\n")).to.equal(true);
}

interface Backend {
  readonly name: string;
  readonly model: string;
  readonly mock: (world: World) => RunningMock;
  /** Input tokens known before a stream has ended: told at its start, or estimated. */
  readonly streamInput: (estimated: number) => number;
  /** The mock's error event, as the client is told of it. */
  readonly errorEvent: { readonly type: string; readonly code: string | null };
  /** The code by which the log names it. */
  readonly errorCode: string;
  /** What an error's body with status 200 becomes. */
  readonly errorBody: { readonly code: string | null; readonly logged: string; readonly message: string };
  /** Output counted when the provider's final number cannot be. */
  readonly negativeStreamOutput: number;
  /** What becomes of an event in a stream that does not parse. */
  readonly brokenEvent: "passes" | "fails";
}

export const backends: readonly Backend[] = [
  {
    name: "openai",
    model: "gpt-4o",
    mock: (world) => world.openai,
    streamInput: (estimated) => estimated,
    errorEvent: { type: "server_error", code: null },
    errorCode: "server",
    errorBody: { code: null, logged: "server", message: "failed with status 200" },
    negativeStreamOutput: saidTokens,
    brokenEvent: "passes",
  },
  {
    name: "anthropic",
    model: claude,
    mock: (world) => world.anthropic,
    streamInput: () => 60,
    errorEvent: { type: "server_error", code: "overloaded" },
    errorCode: "overloaded",
    errorBody: { code: null, logged: "server", message: "failed with status 200" },
    // the count that the stream began with
    negativeStreamOutput: 1,
    brokenEvent: "fails",
  },
  {
    name: "bedrock",
    model: bedrockModel,
    mock: (world) => world.bedrock,
    streamInput: (estimated) => estimated,
    errorEvent: { type: "rate_limit_error", code: "rate_limit_exceeded" },
    errorCode: "rate_limit",
    // AWS names an error in a header; without one it is an answer without an answer
    errorBody: {
      code: "upstream_empty_response",
      logged: "upstream_empty_response",
      message: "the provider's answer has no output",
    },
    negativeStreamOutput: saidTokens,
    brokenEvent: "fails",
  },
];
