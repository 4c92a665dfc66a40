import { Agent, request } from "node:http";
import { hello } from "./client.ts";

export interface LoadOptions {
  readonly url: string;
  readonly clients: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Of how many clients one asks for streams; 0 = none does. */
  readonly streamEvery?: number;
}

/** Clients that send one request after the other until they are told to stop, over connections that stay open. */
export class Load {
  /** What was answered: `200`, another status with the answer's text, or the error of a broken connection. */
  readonly outcomes = new Map<string, number>();
  readonly #options: LoadOptions;
  readonly #agent: Agent;
  readonly #done: Promise<unknown>;
  #stopped = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.clients });
    this.#done = Promise.all(Array.from({ length: options.clients }, (_, client) => this.#work(client)));
  }

  get answers(): number {
    return [...this.outcomes.values()].reduce((sum, count) => sum + count, 0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
    this.#agent.destroy();
  }

  async #work(client: number): Promise<void> {
    const { streamEvery = 0 } = this.#options;
    const stream = streamEvery > 0 && client % streamEvery === 0;
    while (!this.#stopped) {
      const outcome = await this.#post(stream);
      this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    }
  }

  #post(stream: boolean): Promise<string> {
    const { url, headers } = this.#options;
    const body = JSON.stringify({ ...hello, stream });
    return new Promise((resolve) => {
      const outgoing = request(
        `${url}/v1/chat/completions`,
        {
          method: "POST",
          agent: this.#agent,
          headers: { "content-type": "application/json", "content-length": body.length, ...headers },
        },
        (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => {
            text += chunk;
          });
          response.once("end", () => {
            const broken = stream && response.statusCode === 200 && !text.includes("data: [DONE]");
            if (broken) resolve("a stream without its end");
            else resolve(response.statusCode === 200 ? "200" : `${response.statusCode} ${text}`);
          });
          response.once("error", (error) => resolve(error.message));
        },
      );
      outgoing.once("error", (error) => resolve(error.message));
      outgoing.end(body);
    });
  }
}

/** Does something under load, which ends with it. */
export async function underLoad(options: LoadOptions, act: (load: Load) => Promise<void>): Promise<Load> {
  const load = new Load(options);
  try {
    await act(load);
  } finally {
    await load.stop();
  }
  return load;
}
