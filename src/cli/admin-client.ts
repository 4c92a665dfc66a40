import { join } from "node:path";
import { z } from "zod";
import type { Secret } from "../core/auth.ts";
import { adminTokenFile, readAdminToken } from "./admin-token.ts";
import { type CommandIo, type OptionSpec, type OptionValues, textOption, UsageError } from "./options.ts";
import { adminToken } from "./settings.ts";

/** Options of every command that asks a running gateway. */
export const adminOptionSpecs = {
  url: { type: "string" },
  "state-dir": { type: "string" },
  "admin-token": { type: "string" },
} as const satisfies Readonly<Record<string, OptionSpec>>;

export const adminUsage = `      --url URL             the gateway's admin address (default: http://127.0.0.1:9090, or the port of TOLLGATE_ADMIN_PORT)
      --admin-token TOKEN   default: TOLLGATE_ADMIN_TOKEN, else what tollgate up left in the state directory
      --state-dir DIR       of that tollgate up (default: TOLLGATE_STATE_DIR, else .tollgate)
`;

const answerWithinMs = 30_000;
const errorBody = z.object({ error: z.object({ message: z.string() }) });

function readUrl(values: OptionValues, env: CommandIo["env"]): string {
  const written = textOption(values["url"]);
  const port = env["TOLLGATE_ADMIN_PORT"];
  if (written === undefined) return `http://127.0.0.1:${port === undefined || port === "" ? 9090 : port}`;
  if (/^https?:\/\//.test(written) && URL.canParse(written)) return written.replace(/\/+$/, "");
  throw new UsageError("--url must be such as http://127.0.0.1:9090");
}

/** The token and where it is from, in words. */
function findToken(
  values: OptionValues,
  env: CommandIo["env"],
): { readonly token: Secret; readonly from: string } | undefined {
  const written = textOption(values["admin-token"]);
  if (written !== undefined) return { token: adminToken(written, "--admin-token"), from: "--admin-token" };
  const variable = "TOLLGATE_ADMIN_TOKEN";
  const inherited = env[variable];
  if (inherited !== undefined && inherited !== "") return { token: adminToken(inherited, variable), from: variable };
  const stateDir = env["TOLLGATE_STATE_DIR"];
  const directory = textOption(values["state-dir"]) ?? (stateDir === "" ? undefined : stateDir) ?? ".tollgate";
  const path = join(directory, adminTokenFile);
  const token = readAdminToken(path);
  return token && { token, from: path };
}

function whyUnreachable(thrown: unknown): string {
  const error = thrown as Error & { readonly cause?: NodeJS.ErrnoException };
  if (error.name === "TimeoutError") return `no answer within ${answerWithinMs / 1_000} s`;
  return error.cause?.code === "ECONNREFUSED" ? "connection refused" : (error.cause?.code ?? error.message);
}

/** The one place that parses what a gateway answers; undefined = no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A request to the admin port. */
export interface GatewayRequest {
  /** Default: GET. */
  readonly method?: string;
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface GatewayResponse {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined = it is none. */
  readonly json: unknown;
}

/**
 * Where a running gateway's admin port is, and the token for it, as the options and the environment say.
 * @throws UsageError
 */
export function findGateway(
  values: OptionValues,
  env: CommandIo["env"],
): { readonly url: string; readonly token: Secret | undefined } {
  return { url: readUrl(values, env), token: findToken(values, env)?.token };
}

/**
 * Sends a request to a running gateway's admin port.
 * @throws UsageError, or Error that says what to do, when nobody answers or the token is not accepted
 */
export async function sendToGateway(
  request: GatewayRequest,
  values: OptionValues,
  env: CommandIo["env"],
): Promise<GatewayResponse> {
  const url = readUrl(values, env);
  const found = findToken(values, env);
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${url}${request.path}`, {
      method: request.method ?? "GET",
      headers: {
        ...request.headers,
        ...(found === undefined ? {} : { authorization: `Bearer ${found.token.reveal()}` }),
      },
      ...(request.body === undefined ? {} : { body: request.body }),
      redirect: "error",
      signal: AbortSignal.timeout(answerWithinMs),
    });
    text = await response.text();
  } catch (thrown) {
    throw new Error(
      `no gateway answers at ${url} (${whyUnreachable(thrown)}); start one with tollgate up, or name the admin address of one that runs with --url`,
    );
  }
  if (response.status === 401) {
    const problem =
      found === undefined
        ? "asks for its admin token, and none was found"
        : `does not accept the admin token of ${found.from}`;
    throw new Error(
      `the gateway at ${url} ${problem}: tollgate up writes it into ${adminTokenFile} of its state directory (--state-dir), tollgate serve prints it at start; else it is what admin.tokenSecretRef, --admin-token or TOLLGATE_ADMIN_TOKEN of the gateway says`,
    );
  }
  return { url, status: response.status, headers: response.headers, text, json: parseJson(text) };
}

/** What does not answer as this version of Tollgate does. */
export function notTollgate({ url, status }: GatewayResponse, path: string): Error {
  return new Error(`what answers at ${url}${path} (status ${status}) is no admin port of this version of Tollgate`);
}

/**
 * Asks a running gateway's admin port.
 * @throws UsageError, or Error that says what to do
 */
export async function askGateway<Value>(
  path: string,
  schema: z.ZodType<Value>,
  values: OptionValues,
  env: CommandIo["env"],
): Promise<Value> {
  const response = await sendToGateway({ path }, values, env);
  const refused = errorBody.safeParse(response.json);
  if (refused.success) throw new Error(refused.data.error.message);
  const parsed = schema.safeParse(response.json);
  if (response.status === 200 && parsed.success) return parsed.data;
  throw notTollgate(response, path);
}
