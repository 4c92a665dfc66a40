import { type MockOptions, type RunningMock, startMock } from "../mocks/start-mock.ts";
import { type CommandIo, parseOptions, portOption, textOption, UsageError } from "./options.ts";
import { stopSignal } from "./stop-signal.ts";

const usage = `tollgate mocks [--openai PORT] [--azure PORT] [--anthropic PORT] [--bedrock PORT] [--host ADDRESS]
Runs mock providers that speak the real wire formats and keep a bill (GET /bill). Only those named are started; 0 = any free port.
Environment: MOCK_OPENAI_KEY, MOCK_AZURE_KEY, MOCK_ANTHROPIC_KEY, MOCK_AWS_ACCESS_KEY_ID, MOCK_AWS_SECRET_ACCESS_KEY,
MOCK_AWS_SESSION_TOKEN, MOCK_AWS_REGION (the credentials that they ask for; unset = any).
`;

function awsKeys(env: CommandIo["env"]): MockOptions["aws"] {
  const accessKeyId = env["MOCK_AWS_ACCESS_KEY_ID"];
  const secretAccessKey = env["MOCK_AWS_SECRET_ACCESS_KEY"];
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return {
    accessKeyId,
    secretAccessKey,
    region: env["MOCK_AWS_REGION"] ?? "us-east-1",
    sessionToken: env["MOCK_AWS_SESSION_TOKEN"],
  };
}

/** `tollgate mocks`. Ends on SIGTERM and SIGINT. */
export async function mocks(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions(args, {
    openai: { type: "string" },
    azure: { type: "string" },
    anthropic: { type: "string" },
    bedrock: { type: "string" },
    host: { type: "string" },
    help: { type: "boolean", short: "h" },
  });
  if (values["help"] === true) {
    io.stdout.write(usage);
    return 0;
  }
  const host = textOption(values["host"]) ?? "127.0.0.1";
  const wanted: readonly (MockOptions & { readonly flag: string })[] = [
    { flag: "openai", provider: "OpenAI", apiKey: io.env["MOCK_OPENAI_KEY"] },
    { flag: "azure", provider: "AzureOpenAI", apiKey: io.env["MOCK_AZURE_KEY"] },
    { flag: "anthropic", provider: "Anthropic", apiKey: io.env["MOCK_ANTHROPIC_KEY"] },
    { flag: "bedrock", provider: "AWSBedrock", aws: awsKeys(io.env) },
  ];
  const named = wanted.flatMap((options) => {
    const port = portOption(values[options.flag], options.flag);
    return port === undefined ? [] : [{ ...options, host, port }];
  });
  if (named.length === 0)
    throw new UsageError("name at least one: --openai PORT, --azure PORT, --anthropic PORT or --bedrock PORT");
  const stop = stopSignal();
  const running: RunningMock[] = [];
  try {
    for (const options of named) {
      const mock = await startMock(options);
      running.push(mock);
      io.stdout.write(`${options.flag} ${mock.url}\n`);
    }
    await stop;
  } finally {
    await Promise.all(running.map((mock) => mock.close()));
  }
  return 0;
}
