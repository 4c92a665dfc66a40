import { createHash } from "node:crypto";
import { expect } from "chai";
import { verifySignature } from "../../../src/mocks/aws-bedrock/verify-signature.ts";
import type { AwsKeys, ReceivedRequest } from "../../../src/mocks/provider.ts";
import { MockRefusal } from "../../../src/mocks/refusal.ts";

const keys: AwsKeys = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  region: "us-east-1",
};

function signedRequest(path: string, text: string, signature: string, token?: string): ReceivedRequest {
  const body = Buffer.from(`{"messages":[{"role":"user","content":[{"text":"${text}"}]}]}`);
  const names = `content-type;host;x-amz-content-sha256;x-amz-date${token === undefined ? "" : ";x-amz-security-token"}`;
  return {
    method: "POST",
    path,
    body,
    headers: {
      "content-type": "application/json",
      host: "bedrock-runtime.us-east-1.amazonaws.com",
      "x-amz-date": "20260102T030405Z",
      "x-amz-content-sha256": createHash("sha256").update(body).digest("hex"),
      ...(token === undefined ? {} : { "x-amz-security-token": token }),
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/bedrock/aws4_request, SignedHeaders=${names}, Signature=${signature}`,
    },
  };
}

const plain = signedRequest(
  "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse",
  "hi",
  "7efb01ea671cd17275218cc555bc0e1b6fdafaff2cedb824c3285db5f55ac671",
);
const withToken = signedRequest(
  "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.amazon.nova-pro-v1%3A0/converse-stream",
  "hé",
  "bb0f2676a1ab035761ffc27fd4698741554c00eb6ba0e911f153d9b4ba283755",
  "TOKEN",
);

function refusal(request: ReceivedRequest, by: AwsKeys = keys): string | undefined {
  try {
    verifySignature(request, by);
    return undefined;
  } catch (error) {
    if (!(error instanceof MockRefusal)) throw error;
    return error.code;
  }
}

function changed(request: ReceivedRequest, headers: Readonly<Record<string, string>>): ReceivedRequest {
  return { ...request, headers: { ...request.headers, ...headers } };
}

describe("verifySignature of the AWS Bedrock mock", () => {
  it("accepts both vectors of the specification (§1.5)", () => {
    expect(refusal(plain)).to.equal(undefined);
    expect(refusal(withToken, { ...keys, sessionToken: "TOKEN" })).to.equal(undefined);
  });

  it("refuses a changed byte anywhere in what is signed", () => {
    const { authorization = "" } = plain.headers;
    const body = Buffer.from(plain.body.toString().replace("hi", "ho"));
    const hash = createHash("sha256").update(body).digest("hex");
    const signature = "InvalidSignatureException";
    expect(refusal({ ...plain, body }), "body").to.equal(signature);
    expect(refusal({ ...changed(plain, { "x-amz-content-sha256": hash }), body }), "body and hash").to.equal(signature);
    expect(refusal({ ...plain, path: plain.path.replace("%3A", ":") }), "path").to.equal(signature);
    expect(refusal({ ...plain, path: plain.path.replace("%3A", "%3a") }), "case of the path").to.equal(signature);
    expect(refusal({ ...plain, path: `${plain.path}?a=b` }), "query").to.equal(signature);
    expect(refusal({ ...plain, method: "PUT" }), "method").to.equal(signature);
    expect(refusal(changed(plain, { host: "127.0.0.1" })), "host").to.equal(signature);
    expect(refusal(changed(plain, { "content-type": "application/json; charset=utf-8" })), "type").to.equal(signature);
    expect(refusal(changed(plain, { "x-amz-date": "20260102T030406Z" })), "date").to.equal(signature);
    expect(refusal(changed(plain, { authorization: authorization.replace(/.$/, "2") })), "signature").to.equal(
      signature,
    );
  });

  it("refuses another secret, region, service, day and key", () => {
    const { authorization = "" } = plain.headers;
    const scope = (from: string, to: string): string | undefined =>
      refusal(changed(plain, { authorization: authorization.replace(from, to) }));
    expect(refusal(plain, { ...keys, secretAccessKey: "other" })).to.equal("InvalidSignatureException");
    expect(refusal(plain, { ...keys, region: "eu-west-1" })).to.equal("InvalidSignatureException");
    expect(scope("/bedrock/", "/bedrock-runtime/")).to.equal("InvalidSignatureException");
    expect(scope("/20260102/", "/20260103/")).to.equal("InvalidSignatureException");
    expect(scope("AKIDEXAMPLE", "AKIDOTHER")).to.equal("UnrecognizedClientException");
  });

  it("wants the session token exactly when it has one, and every x-amz header signed", () => {
    expect(refusal(withToken)).to.equal("UnrecognizedClientException");
    expect(refusal(plain, { ...keys, sessionToken: "TOKEN" })).to.equal("UnrecognizedClientException");
    expect(refusal(changed(plain, { "x-amz-meta": "added" }))).to.equal("InvalidSignatureException");
  });

  it("refuses what is no signature at all", () => {
    expect(refusal(changed(plain, { authorization: "Bearer key" }))).to.equal("IncompleteSignatureException");
  });
});
