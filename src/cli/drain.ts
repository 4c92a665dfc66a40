const limitMs = 5_000;
const pollMs = 50;
const answerLimitMs = 1_000;

async function ask(adminPort: number, method: "GET" | "POST", path: string): Promise<string> {
  const signal = AbortSignal.timeout(answerLimitMs);
  return await (await fetch(`http://127.0.0.1:${adminPort}${path}`, { method, signal })).text();
}

async function requestsInFlight(adminPort: number): Promise<number> {
  const stats = await ask(adminPort, "GET", "/stats?filter=%5Ehttp.ai.downstream_rq_active%24");
  return Number(/: (\d+)/.exec(stats)?.[1] ?? 0);
}

/**
 * Lets the Envoy whose admin interface is at `adminPort` take no more connections, and waits a few seconds for the requests that it
 * has. `waiting` is told once if there are some. Never rejects: what cannot be drained is simply stopped.
 */
export async function drainEnvoy(adminPort: number, waiting: (requests: number) => void): Promise<void> {
  try {
    await ask(adminPort, "POST", "/drain_listeners");
    const deadline = Date.now() + limitMs;
    let told = false;
    for (let requests = await requestsInFlight(adminPort); requests > 0; requests = await requestsInFlight(adminPort)) {
      if (Date.now() > deadline) return;
      if (!told) waiting(requests);
      told = true;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  } catch {
    // Envoy is not there or does not answer: nothing can be waited for
  }
}
