import { expect } from "chai";
import { type Answer, chat, type Sent, send } from "./client.ts";
import { until } from "./wait.ts";
import { startWorld, type World } from "./world.ts";

/** The largest body in `refusalResources`. */
export const limitBytes = 2 * 1024 * 1024;

/** Small limits of size and time, and a limit by user, so that a header names an account. */
export const refusalResources = `
apiVersion: tollgate.dev/v1alpha1
kind: TollgateConfig
metadata: {name: tollgate}
spec:
  listener: {bufferLimit: ${limitBytes}, requestReadTimeout: 2s}
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata: {name: per-user, namespace: ai-services}
spec:
  targetRefs: [{group: aigateway.envoyproxy.io, kind: AIGatewayRoute, name: llm-route}]
  rateLimit:
    type: Global
    global:
      rules:
        - clientSelectors: [{headers: [{name: x-user-id, type: Distinct}]}]
          limit: {requests: 1000000, unit: Hour}
`;

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: RegExp;
  readonly type?: string;
  readonly param?: string;
}

/** Every refusal has the same shape: JSON with a message, a type and a code that a program can go by. */
export function expectRefusal(answer: Answer, { status, code, message, type, param }: Refusal): void {
  expect(answer.status, answer.text).to.equal(status);
  expect(answer.headers["content-type"]).to.equal("application/json");
  const { error } = answer.json();
  expect(error.message).to.match(message);
  expect(error).to.include({ type: type ?? "invalid_request_error", param: param ?? null, code });
}

/** The log tells of the refusal, no provider was asked, and Envoy charged nothing. */
export async function expectUnbilled(world: World, { status, code }: Refusal): Promise<void> {
  const line = await world.requestLog((candidate) => candidate["status"] === status);
  expect(line).to.include({ outcome: "rejected", code });
  expect(world.openai.requests.length + world.anthropic.requests.length).to.equal(0);
  const access = await world.access((candidate) => candidate["session"] === line["session"]);
  expect(access["code"]).to.equal(status);
  expect(access["llm_total_token"] ?? 0).to.equal(0);
}

/** Sends it and expects the refusal, in the answer and wherever else it shows. */
export async function refuses(world: World, sent: Sent, refusal: Refusal): Promise<Answer> {
  const answer = await send(world.url, sent);
  expectRefusal(answer, refusal);
  await expectUnbilled(world, refusal);
  return answer;
}

/** For a whole suite: a world with `refusalResources`, which after each test must still serve and hold no session. */
export function useRefusingWorld(): () => World {
  let world: World | undefined;
  const started = (): World => {
    if (world === undefined) throw new Error("the world has not been started");
    return world;
  };
  before(async function () {
    this.timeout(120_000);
    world = await startWorld({ yaml: refusalResources });
  });
  after(() => world?.close());
  beforeEach(() => {
    const { openai, anthropic, bedrock, log } = started();
    for (const mock of [openai, anthropic, bedrock]) mock.reset();
    log.length = 0;
  });
  afterEach("still serves, and has let go of every session", async () => {
    const { url, gateway, log } = started();
    const answer = await chat(url, "gpt-4o");
    expect(answer.status, answer.text).to.equal(200);
    await until("no open session", () => gateway.sessions.size === 0);
    expect(log.filter((line) => line["level"] === "error")).to.deep.equal([]);
  });
  return started;
}
