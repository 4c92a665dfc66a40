import { expect } from "chai";
import { Secret } from "../../../src/core/auth.ts";
import { makeAuthenticator } from "../../../src/providers/auth/index.ts";

const credentials = {
  type: "AWSCredentials",
  region: "us-east-1",
  accessKeyId: new Secret("AKIDEXAMPLE"),
  secretAccessKey: new Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
} as const;

function request(path: string, text: string): Parameters<ReturnType<typeof makeAuthenticator>["headers"]>[0] {
  return {
    method: "POST",
    host: "bedrock-runtime.us-east-1.amazonaws.com",
    path,
    contentType: "application/json",
    body: new TextEncoder().encode(text),
    nowMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  };
}

describe("AWS credentials", () => {
  it("sign a request as the published vector says, the path encoded twice (R21)", async () => {
    const headers = await makeAuthenticator(credentials).headers(
      request(
        "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse",
        '{"messages":[{"role":"user","content":[{"text":"hi"}]}]}',
      ),
    );
    expect(headers["authorization"]).to.contain("SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date,");
    expect(headers["authorization"]).to.match(
      /Signature=7efb01ea671cd17275218cc555bc0e1b6fdafaff2cedb824c3285db5f55ac671$/,
    );
    expect(headers["x-amz-date"]).to.equal("20260102T030405Z");
  });

  it("sign with a session token over UTF-8 bytes as the published vector says (R21, R22)", async () => {
    const headers = await makeAuthenticator({ ...credentials, sessionToken: new Secret("TOKEN") }).headers(
      request(
        "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.amazon.nova-pro-v1%3A0/converse-stream",
        '{"messages":[{"role":"user","content":[{"text":"hé"}]}]}',
      ),
    );
    expect(headers["authorization"]).to.match(
      /Signature=bb0f2676a1ab035761ffc27fd4698741554c00eb6ba0e911f153d9b4ba283755$/,
    );
    expect(headers["authorization"]).not.to.contain("content-length");
    expect(headers["x-amz-security-token"]).to.equal("TOKEN");
  });
});
