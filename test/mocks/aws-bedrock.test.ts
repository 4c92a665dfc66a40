import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { expect } from "chai";
import { type RunningMock, startMock } from "../../src/mocks/start-mock.ts";
import { bedrockCall } from "./calls.ts";
import { send } from "./http.ts";

interface Frame {
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Record<string, unknown>;
}

/** Reads frames with string headers and checks their checksums with zlib's. */
function readFrames(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let start = 0; start < bytes.length; ) {
    const total = bytes.readUInt32BE(start);
    const headersEnd = start + 12 + bytes.readUInt32BE(start + 4);
    const end = start + total;
    expect(bytes.readUInt32BE(start + 8), "prelude checksum").to.equal(crc32(bytes.subarray(start, start + 8)));
    expect(bytes.readUInt32BE(end - 4), "message checksum").to.equal(crc32(bytes.subarray(start, end - 4)));
    const headers: Record<string, string> = {};
    for (let at = start + 12; at < headersEnd; ) {
      const nameEnd = at + 1 + bytes.readUInt8(at);
      expect(bytes.readUInt8(nameEnd), "header type").to.equal(7);
      const valueEnd = nameEnd + 3 + bytes.readUInt16BE(nameEnd + 1);
      headers[bytes.toString("utf8", at + 1, nameEnd)] = bytes.toString("utf8", nameEnd + 3, valueEnd);
      at = valueEnd;
    }
    frames.push({
      headers,
      payload: JSON.parse(bytes.toString("utf8", headersEnd, end - 4)) as Record<string, unknown>,
    });
    start = end;
  }
  return frames;
}

const toolConfig = { tools: [{ toolSpec: { name: "weather", inputSchema: { json: { type: "object" } } } }] };

describe("the AWS Bedrock mock", () => {
  let mock: RunningMock;
  before(async () => {
    mock = await startMock({ provider: "AWSBedrock" });
  });
  after(() => mock.close());

  it("answers JSON with the tokens of what was asked and said", async () => {
    const { status, headers, text } = await send(mock, bedrockCall());
    expect(status).to.equal(200);
    expect(headers["x-amzn-requestid"]).to.match(/^[0-9a-f]{16}$/);
    expect(JSON.parse(text)).to.deep.include({
      output: { message: { role: "assistant", content: [{ text: "Hello from the mock." }] } },
      stopReason: "end_turn",
      usage: { inputTokens: 4, outputTokens: 5, totalTokens: 9 },
    });
  });

  it("streams frames from messageStart to metadata, input without what was cached", async () => {
    const { headers, body } = await send(
      mock,
      bedrockCall({ headers: { "x-mock-usage": "60,40,10,5" } }, "converse-stream"),
    );
    expect(headers["content-type"]).to.equal("application/vnd.amazon.eventstream");
    const frames = readFrames(body);
    expect(frames.map((frame) => frame.headers[":event-type"])).to.deep.equal([
      "messageStart",
      ...Array.from({ length: 4 }, () => "contentBlockDelta"),
      "contentBlockStop",
      "messageStop",
      "metadata",
    ]);
    const deltas = frames.map(({ payload }) => (payload["delta"] as { text?: string } | undefined)?.text ?? "");
    expect(deltas.join("")).to.equal("Hello from the mock.");
    expect(frames.at(-1)?.payload["usage"]).to.deep.equal({
      inputTokens: 45,
      outputTokens: 40,
      totalTokens: 100,
      cacheReadInputTokens: 10,
      cacheWriteInputTokens: 5,
    });
  });

  it("thinks before it calls a tool, its arguments in pieces", async () => {
    const headers = { "x-mock-thinking": "1", "x-mock-tools": "1" };
    const frames = readFrames(
      (await send(mock, bedrockCall({ headers, body: { toolConfig } }, "converse-stream"))).body,
    );
    const deltas = frames.flatMap(({ payload }) => (payload["delta"] === undefined ? [] : [payload]));
    expect(deltas.map((payload) => payload["contentBlockIndex"])).to.deep.equal([0, 0, 0, 1, 1, 1]);
    const input = deltas.map(({ delta }) => (delta as { toolUse?: { input: string } }).toolUse?.input ?? "");
    expect(input.join("")).to.equal('{"city":"Rome"}');
    expect(frames.at(-2)?.payload).to.include({ stopReason: "tool_use" });
  });

  it("fails on a stream with an exception frame, and with a frame that does not fit its checksum", async () => {
    const call = (fault: string) => bedrockCall({ headers: { "x-mock-fault": fault } }, "converse-stream");
    const last = readFrames((await send(mock, call("error-mid"))).body).at(-1);
    expect(last?.headers).to.include({ ":message-type": "exception", ":exception-type": "throttlingException" });
    const { body } = await send(mock, call("corrupt-frame"));
    expect(() => readFrames(body)).to.throw("message checksum");
  });

  const user = { role: "user", content: [{ text: "hi" }] };
  const use = { role: "assistant", content: [{ toolUse: { toolUseId: "a", name: "weather", input: {} } }] };
  const result = (id: string): object => ({ role: "user", content: [{ toolResult: { toolUseId: id, content: [] } }] });
  it("accepts a result of the call before it", async () => {
    const { status } = await send(mock, bedrockCall({ body: { toolConfig, messages: [user, use, result("a")] } }));
    expect(status).to.equal(200);
  });

  const refused: Readonly<Record<string, readonly [number, string, ReturnType<typeof bedrockCall>]>> = {
    "another path": [404, "UnknownOperationException", { ...bedrockCall(), path: "/v1/messages" }],
    "a model name that is not encoded well": [
      400,
      "ValidationException",
      { ...bedrockCall(), path: "/model/%E0%A4%A/converse" },
    ],
    "a member named model": [400, "ValidationException", bedrockCall({ body: { model: "m" } })],
    "no messages": [400, "ValidationException", bedrockCall({ body: { messages: [] } })],
    "a first message of the assistant": [400, "ValidationException", bedrockCall({ body: { messages: [use] } })],
    "two messages of the user": [400, "ValidationException", bedrockCall({ body: { messages: [user, user] } })],
    "blank text": [
      400,
      "ValidationException",
      bedrockCall({ body: { messages: [{ role: "user", content: [{ text: " " }] }] } }),
    ],
    "empty content": [400, "ValidationException", bedrockCall({ body: { messages: [{ role: "user", content: [] }] } })],
    "a result of another call": [
      400,
      "ValidationException",
      bedrockCall({ body: { toolConfig, messages: [user, use, result("b")] } }),
    ],
    "a call without a result": [
      400,
      "ValidationException",
      bedrockCall({ body: { toolConfig, messages: [user, use, user] } }),
    ],
    "tool blocks without tools": [
      400,
      "ValidationException",
      bedrockCall({ body: { messages: [user, use, result("a")] } }),
    ],
    "an Anthropic key": [400, "ValidationException", bedrockCall({ headers: { "x-api-key": "k" } })],
  };
  for (const [what, [expected, type, call]] of Object.entries(refused)) {
    it(`refuses ${what} with the service's exception`, async () => {
      const { status, headers, text } = await send(mock, call);
      expect(status).to.equal(expected);
      expect(String(headers["x-amzn-errortype"]).split(":")[0]).to.equal(type);
      expect(JSON.parse(text)).to.have.all.keys("message");
    });
  }
});

describe("the AWS Bedrock mock with keys", () => {
  const accessKeyId = "AKIDEXAMPLE";
  const secretAccessKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  const body = '{"messages":[{"role":"user","content":[{"text":"hi"}]}]}';
  const signed = {
    path: "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse",
    body,
    headers: {
      host: "bedrock-runtime.us-east-1.amazonaws.com",
      "x-amz-date": "20260102T030405Z",
      "x-amz-content-sha256": createHash("sha256").update(body).digest("hex"),
      authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260102/us-east-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, Signature=7efb01ea671cd17275218cc555bc0e1b6fdafaff2cedb824c3285db5f55ac671`,
    },
  };
  let mock: RunningMock;
  before(async () => {
    mock = await startMock({ provider: "AWSBedrock", aws: { accessKeyId, secretAccessKey, region: "us-east-1" } });
  });
  after(() => mock.close());

  it("verifies the signature over what arrived", async () => {
    expect((await send(mock, signed)).status).to.equal(200);
    const { status, headers } = await send(mock, { ...signed, body: body.replace("hi", "ho") });
    expect(status).to.equal(403);
    expect(headers["x-amzn-errortype"]).to.match(/^InvalidSignatureException:/);
  });

  it("refuses a request without a signature", async () => {
    const { status, headers } = await send(mock, { path: signed.path, body });
    expect(status).to.equal(403);
    expect(headers["x-amzn-errortype"]).to.match(/^MissingAuthenticationTokenException:/);
  });
});
