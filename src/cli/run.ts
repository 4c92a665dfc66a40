import { InvalidConfiguration } from "./invalid-configuration.ts";
import { type CommandIo, UsageError } from "./options.ts";

interface Command {
  readonly summary: string;
  readonly run: (args: readonly string[], io: CommandIo) => Promise<number>;
}

/** Each is loaded when it is called: a mock provider needs no gateway. */
const commands: Readonly<Record<string, Command>> = {
  up: {
    summary: "everything on one machine: Envoy, the gateway and, for MockBackends, mock providers",
    run: async (args, io) => (await import("./up.ts")).up(args, io),
  },
  serve: {
    summary: "the gateway alone, for an Envoy that somebody else runs",
    run: async (args, io) => (await import("./serve.ts")).serve(args, io),
  },
  render: {
    summary: "the Envoy configuration for these resources",
    run: async (args, io) => (await import("./render.ts")).render(args, io),
  },
  validate: {
    summary: "check resources and tell every problem at once",
    run: async (args, io) => (await import("./validate.ts")).validate(args, io),
  },
  apply: {
    summary: "give resources to a running gateway, as kubectl apply does",
    run: async (args, io) => (await import("./apply.ts")).apply(args, io),
  },
  get: {
    summary: "what was applied to a running gateway",
    run: async (args, io) => (await import("./get.ts")).get(args, io),
  },
  describe: {
    summary: "the same with everything there is to say about it",
    run: async (args, io) => (await import("./describe.ts")).describe(args, io),
  },
  delete: {
    summary: "take away what was applied to a running gateway",
    run: async (args, io) => (await import("./delete.ts")).deleteCommand(args, io),
  },
  create: {
    summary: "create secret generic: give a Secret to a running gateway",
    run: async (args, io) => (await import("./create.ts")).create(args, io),
  },
  kubeconfig: {
    summary: "what kubectl needs to talk to a running gateway",
    run: async (args, io) => (await import("./kubeconfig.ts")).kubeconfig(args, io),
  },
  template: {
    summary: "a token budget or a provider fallback, filled in",
    run: async (args, io) => (await import("./template.ts")).template(args, io),
  },
  plan: {
    summary: "what a budget buys: dollars as tokens per user, as a table or as limits",
    run: async (args, io) => (await import("./plan.ts")).plan(args, io),
  },
  budgets: {
    summary: "how the budgets of a running gateway stand",
    run: async (args, io) => (await import("./budgets.ts")).budgets(args, io),
  },
  explain: {
    summary: "what became of a request: what it used, cost, who paid, and why it was refused",
    run: async (args, io) => (await import("./explain.ts")).explain(args, io),
  },
  replay: {
    summary: "what other budgets, limits and prices would have made of the requests in a ledger",
    run: async (args, io) => (await import("./replay.ts")).replay(args, io),
  },
  "import-prices": {
    summary: "make a PriceBook of LiteLLM's price table",
    run: async (args, io) => (await import("./import-prices.ts")).importPrices(args, io),
  },
  mocks: {
    summary: "mock providers (OpenAI, Anthropic, AWS Bedrock) with a bill",
    run: async (args, io) => (await import("./mocks.ts")).mocks(args, io),
  },
};

function help(): string {
  const rows = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(14)} ${summary}`);
  return `tollgate COMMAND [OPTIONS]\n\n${rows.join("\n")}\n\ntollgate COMMAND --help tells a command's options.\n`;
}

/** Runs one command. Exit status: 0 done, 1 failed, 2 called wrongly. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    io.stdout.write(help());
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    io.stderr.write(
      `tollgate: there is no command ${JSON.stringify(name)}; there are ${Object.keys(commands).join(", ")}\n`,
    );
    return 2;
  }
  try {
    return await command.run(rest, io);
  } catch (error) {
    if (error instanceof UsageError) {
      io.stderr.write(`tollgate ${name}: ${error.message}\n(tollgate ${name} --help tells the options)\n`);
      return 2;
    }
    if (error instanceof InvalidConfiguration) {
      io.stderr.write(`${error.message}\nnothing was started: the configuration is not valid\n`);
      return 1;
    }
    io.stderr.write(`tollgate ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
