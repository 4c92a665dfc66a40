import { compileCostRule } from "../metering/cost-rules.ts";
import { InvalidConfiguration, pairs } from "./configuration.ts";
import { mocks } from "./mocks.ts";
import { type CommandIo, UsageError } from "./options.ts";
import { render } from "./render.ts";
import { serve } from "./serve.ts";
import { up } from "./up.ts";
import { validate } from "./validate.ts";

interface Command {
  readonly summary: string;
  readonly run: (args: readonly string[], io: CommandIo) => Promise<number>;
}

const commands: Readonly<Record<string, Command>> = {
  up: { summary: "everything on one machine: Envoy, the gateway and, for MockBackends, mock providers", run: up },
  serve: { summary: "the gateway alone, for an Envoy that somebody else runs", run: serve },
  render: { summary: "the Envoy configuration for these resources", run: render },
  validate: {
    summary: "check resources and tell every problem at once",
    run: (args, io) => validate(args, io, { pairs, compileCost: compileCostRule }),
  },
  mocks: { summary: "mock providers (OpenAI, Anthropic, AWS Bedrock) with a bill", run: mocks },
};

function help(): string {
  const rows = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`);
  return `tollgate COMMAND [OPTIONS]\n\n${rows.join("\n")}\n\ntollgate COMMAND --help tells a command's options.\n`;
}

/** Runs one command. Exit status: 0 done, 1 failed, 2 called wrongly. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    io.stdout.write(help());
    return name === undefined ? 2 : 0;
  }
  const command = commands[name];
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
