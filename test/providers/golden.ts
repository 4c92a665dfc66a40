import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { Endpoint } from "../../src/core/endpoint.ts";
import { Headers } from "../../src/core/headers.ts";
import type { Provider } from "../../src/core/provider.ts";
import type { AttemptInput, BackendOptions, ResponseHead, Translator } from "../../src/core/translator.ts";
import { chatEndpoint } from "../../src/endpoints/chat.ts";
import { GatewayError } from "../../src/lib/errors.ts";
import { encodeFrames } from "./frames.ts";
import { cut, type Replayed, replay, respellWithCrLf } from "./replay.ts";

/**
 * Golden cases (translation.md §10.1): each folder of `test/fixtures/providers/<provider>/from-<api>/` is one. With
 * UPDATE_GOLDEN=1 what the translator does is written instead of compared; read the diff before committing it.
 *
 * A case has `options.json` ({ origin, model, options?, headers? }), `client-request.json`, and, unless the request is
 * refused, `upstream-response.{json,sse,bin}` with `upstream-response.meta` ({ status, headers }). The rest is generated:
 * `upstream-request.{json,meta}`, `client-response.{json,sse,meta}`, `usage.json`. An AWS event stream is written a line per
 * frame in `upstream-response.frames`; its `.bin` is generated too.
 */
export function describeGoldenCases(provider: Provider, folderName: string, endpoint: Endpoint = chatEndpoint): void {
  const root = join("test/fixtures/providers", folderName, `from-${endpoint.api}`);
  for (const name of readdirSync(root).sort()) {
    describe(name, () => describeCase(provider, endpoint, join(root, name)));
  }
}

interface CaseOptions {
  readonly origin: string;
  readonly model: string;
  readonly options?: BackendOptions;
  /** The client's. */
  readonly headers?: Readonly<Record<string, string>>;
}

function describeCase(provider: Provider, endpoint: Endpoint, folder: string): void {
  const options = readJson(join(folder, "options.json")) as CaseOptions;
  const clientBytes = new Uint8Array(readFileSync(join(folder, "client-request.json")));
  const clientHeaders = new Headers(Object.entries(options.headers ?? {}));

  function makeTranslator(): Translator {
    const request = endpoint.parse(clientBytes, clientHeaders);
    const factory = provider.translators[endpoint.api];
    if (factory === undefined) throw new Error(`${provider.schema} has no translator for ${endpoint.api}`);
    let ids = 0;
    const input: AttemptInput = {
      request,
      clientHeaders,
      model: options.model,
      options: options.options ?? {},
      now: () => Date.UTC(2026, 0, 2, 3, 4, 5),
      newId: (prefix) => `${prefix}${++ids}`,
    };
    return factory(input);
  }

  it("sends the expected request (R16)", () => {
    const first = describeRequest(makeTranslator(), clientBytes);
    expectFile(folder, "upstream-request.meta", `${JSON.stringify(first.meta, null, 2)}\n`);
    if (first.body !== undefined) expectFile(folder, "upstream-request.json", first.body);
    expect(describeRequest(makeTranslator(), clientBytes), "a second translation").to.deep.equal(first);
    if (first.refusal !== undefined) {
      expectFile(folder, "client-response.json", Buffer.from(endpoint.errorBody(first.refusal)).toString());
      expectFile(folder, "client-response.meta", `${JSON.stringify({ status: first.refusal.status }, null, 2)}\n`);
    }
  });

  const frames = join(folder, "upstream-response.frames");
  if (existsSync(frames)) {
    const bytes = encodeFrames(readFileSync(frames, "utf8"));
    const path = join(folder, "upstream-response.bin");
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(path, bytes);
    it("reads the bytes of the frames that are written beside them", () => {
      expect(bytes.equals(readFileSync(path)), path).to.equal(true);
    });
  }

  const extension = ["json", "sse", "bin"].find((candidate) =>
    existsSync(join(folder, `upstream-response.${candidate}`)),
  );
  if (extension === undefined) return;
  const answer = new Uint8Array(readFileSync(join(folder, `upstream-response.${extension}`)));
  const meta = readJson(join(folder, "upstream-response.meta")) as { status: number; headers: Record<string, string> };
  const head: ResponseHead = { status: meta.status, headers: new Headers(Object.entries(meta.headers)) };

  function run(chunks: readonly Uint8Array[]): Replayed {
    const translator = makeTranslator();
    translator.request();
    return replay(translator, endpoint, head, chunks);
  }

  it("answers the client as expected, and tells the expected usage", () => {
    const replayed = run([answer]);
    expectFile(folder, `client-response.${replayed.stream ? "sse" : "json"}`, replayed.body);
    const told = { status: replayed.status, headers: replayed.headers, failure: replayed.failure };
    expectFile(folder, "client-response.meta", `${JSON.stringify(told, null, 2)}\n`);
    const { usage, model, outputBytes, notes } = replayed;
    expectFile(folder, "usage.json", `${JSON.stringify({ usage, model, outputBytes, notes }, null, 2)}\n`);
  });

  for (const size of [1, 2, 3, 7, 64]) {
    it(`answers the same when it is cut into pieces of ${size} bytes (R38)`, () => {
      expect(run(cut(answer, size))).to.deep.equal(run([answer]));
    });
  }

  it("answers the same with empty chunks between", () => {
    const empty = new Uint8Array(0);
    expect(run(cut(answer, 64).flatMap((chunk) => [empty, chunk, empty]))).to.deep.equal(run([answer]));
  });

  if (extension === "sse") {
    for (const size of [1, 64, answer.length + 1]) {
      it(`answers the same with CRLF line ends in pieces of ${size} bytes (R39)`, () => {
        const replayed = run(cut(respellWithCrLf(answer), size));
        const expected = run([answer]);
        // what passes unchanged keeps its line ends; outside line ends JSON has no raw CR
        expect({ ...replayed, body: replayed.body.replaceAll("\r\n", "\n") }).to.deep.equal(expected);
      });
    }
  }
}

interface DescribedRequest {
  readonly meta: unknown;
  readonly body: string | undefined;
  readonly refusal: GatewayError | undefined;
}

function describeRequest(translator: Translator, clientBytes: Uint8Array): DescribedRequest {
  try {
    const { path, headers, body, warnings } = translator.request();
    const unchanged = body === undefined;
    return {
      meta: { path, headers, warnings, unchanged },
      body: Buffer.from(body ?? clientBytes).toString(),
      refusal: undefined,
    };
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown;
    const { code, status, param, message } = thrown;
    return { meta: { refused: { code, status, param, message } }, body: undefined, refusal: thrown };
  }
}

/** Compares with the file, or writes it when UPDATE_GOLDEN=1. */
function expectFile(folder: string, name: string, actual: string): void {
  const path = join(folder, name);
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(path, actual);
  expect(existsSync(path), `${path} is missing; write it with UPDATE_GOLDEN=1`).to.equal(true);
  expect(actual, path).to.equal(readFileSync(path, "utf8"));
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}
