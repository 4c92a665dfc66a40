import assert from "node:assert/strict";
import { ask } from "./ask.mjs";
import { until } from "./run.mjs";

const gpt4o = "x-ai-eg-model: gpt-4o";
const openaiLimits = "x-mock-fault: openai=429";
const smallBudget = ["x-user-id: demo-small-budget", "x-mock-usage: 50,100"];

/** What clients see. */
export const requestChecks = {
  "the tutorial's request is answered by OpenAI": async ({ url }) => {
    const answer = await ask(url, ["x-user-id: user123", gpt4o]);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers["x-ai-provider"], "openai");
    assert.equal(answer.json().choices[0].message.role, "assistant");
  },
  "a request that OpenAI limits is answered by Anthropic": async ({ url }) => {
    const answer = await ask(url, ["x-user-id: user123", gpt4o, openaiLimits]);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers["x-ai-provider"], "anthropic");
    assert.equal(answer.json().object, "chat.completion");
  },
  "a stream ends with [DONE]": async ({ url }) => {
    const body = '{"messages": [{"role": "user", "content": "Hello"}], "stream": true}';
    const answer = await ask(url, ["x-user-id: user123", gpt4o], body);
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.text, /data: \{.*data: \[DONE\]\n\n$/s);
  },
  "Bedrock's mock accepts the signature made for its name in this network": async ({ url }) => {
    const answer = await ask(url, ["x-user-id: user123", "x-ai-eg-model: amazon.nova-lite-v1:0"]);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers["x-ai-provider"], "awsbedrock");
  },
  "a budget that is used up is refused with 429": async ({ url }) => {
    await hourHasRoom();
    assert.equal((await ask(url, smallBudget)).status, 200);
    await isRefused(url);
  },
};

/** The budget is an hour's, and hours are the clock's: one must not end between the checks that use it up and ask again. */
async function hourHasRoom() {
  const leftMs = 3_600_000 - (Date.now() % 3_600_000);
  if (leftMs < 120_000) await new Promise((resolve) => setTimeout(resolve, leftMs));
}

async function isRefused(url) {
  const answer = await ask(url, smallBudget);
  assert.equal(answer.status, 429, answer.text);
  assert.ok(Number(answer.headers["retry-after"]) > 0, "no retry-after");
  assert.equal(typeof answer.json().error.message, "string");
}

async function isAnswered(url) {
  assert.equal((await ask(url, ["x-user-id: user123", gpt4o])).status, 200);
}

/** Waits until requests are answered; everything before must be JSON with status 503. Answers how many those were. */
async function recovers(url) {
  let refused = 0;
  await until("the gateway's recovery", async () => {
    const answer = await ask(url, ["x-user-id: user123", gpt4o]);
    if (answer.status === 200) return true;
    assert.equal(answer.status, 503, answer.text);
    assert.equal(typeof answer.json().error.request_id, "string");
    refused += 1;
    return false;
  });
  return `after ${refused} answers of 503`;
}

/** What happens when containers come and go. */
export const failureChecks = {
  "counters survive a restart of Tollgate, because they are in Redis": async (stack) => {
    await stack.compose("restart", "tollgate");
    await stack.becomesHealthy("tollgate");
    await recovers(stack.url);
    await isRefused(stack.url);
    const keys = Number(/\d+/.exec(await stack.inside("redis", "redis-cli", "dbsize"))?.[0]);
    assert.ok(keys > 0, "Redis has no key");
    return `${keys} keys in Redis`;
  },
  "counters survive a restart of Redis": async (stack) => {
    await stack.compose("restart", "redis");
    await stack.becomesHealthy("redis");
    await until("Tollgate to find Redis again", async () => (await ask(stack.url, smallBudget)).status === 429);
    await isAnswered(stack.url);
  },
  "while Tollgate is killed, clients get 503 as JSON with a request id; then it recovers": async (stack) => {
    await stack.compose("kill", "tollgate");
    const answer = await ask(stack.url, ["x-user-id: user123", gpt4o]);
    assert.equal(answer.status, 503, answer.text);
    assert.equal(typeof answer.json().error.request_id, "string");
    await stack.compose("start", "tollgate");
    await recovers(stack.url);
  },
  "a Tollgate that ends by itself is started again": async (stack) => {
    const { RestartCount } = await stack.inspect("tollgate");
    await stack.inside("tollgate", "node", "-e", "process.kill(1, 'SIGTERM')");
    await until("a restart", async () => (await stack.inspect("tollgate")).RestartCount > RestartCount);
    return await recovers(stack.url);
  },
  "everything stops when asked, and nothing has to be killed": async (stack) => {
    await stack.compose("stop", "--timeout", "20");
    for (const service of ["envoy", "tollgate", "mocks", "redis"]) {
      const { State } = await stack.inspect(service);
      assert.equal(State.ExitCode, 0, `${service} ended with ${State.ExitCode}`);
    }
  },
};
