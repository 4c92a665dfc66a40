import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { AwsKeys, ReceivedRequest } from "../provider.ts";
import { MockRefusal } from "../refusal.ts";

const service = "bedrock";
const authorizationPattern =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, data: string): Buffer => createHmac("sha256", key).update(data).digest();

/** Percent-encodes what was received once more: `%3A` becomes `%253A`. */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function canonicalRequest(request: ReceivedRequest, signed: readonly string[], payloadHash: string): string {
  const [path = "", query = ""] = request.path.split("?");
  return [
    request.method,
    path.split("/").map(encodeSegment).join("/"),
    query.split("&").sort().join("&"),
    ...signed.map((name) => `${name}:${(request.headers[name] ?? "").trim().replace(/ +/g, " ")}`),
    "",
    signed.join(";"),
    payloadHash,
  ].join("\n");
}

/** What the service asks of the list of signed headers. */
function checkSigned(request: ReceivedRequest, signed: readonly string[]): void {
  const needed = ["host", ...Object.keys(request.headers).filter((name) => name.startsWith("x-amz-"))];
  const missing = needed.filter((name) => !signed.includes(name));
  if (missing.length > 0)
    throw new MockRefusal(403, `headers that are not signed: ${missing.join(", ")}`, "InvalidSignatureException");
  if (signed.join() !== [...signed].sort().join()) {
    throw new MockRefusal(403, "signed headers are not in order", "IncompleteSignatureException");
  }
}

/**
 * Verifies Signature Version 4 as the service does, written from its description with node:crypto alone: the signer is tested against
 * it. The age of the signature is not looked at.
 * @throws MockRefusal with the service's own exception types
 */
export function verifySignature(request: ReceivedRequest, keys: AwsKeys): void {
  const parts = authorizationPattern.exec(request.headers["authorization"] ?? "");
  if (parts === null) {
    throw new MockRefusal(
      403,
      "The request signature does not conform to AWS standards.",
      "IncompleteSignatureException",
    );
  }
  const [, accessKeyId, day = "", region, scopeService, signedHeaders = "", signature = ""] = parts;
  if (accessKeyId !== keys.accessKeyId || request.headers["x-amz-security-token"] !== keys.sessionToken) {
    throw new MockRefusal(403, "The security token included in the request is invalid.", "UnrecognizedClientException");
  }
  const invalid = (message: string): MockRefusal => new MockRefusal(403, message, "InvalidSignatureException");
  const scope = `${day}/${keys.region}/${service}/aws4_request`;
  if (region !== keys.region || scopeService !== service) throw invalid(`Credential should be scoped to ${scope}.`);
  const date = request.headers["x-amz-date"] ?? "";
  if (!/^\d{8}T\d{6}Z$/.test(date) || !date.startsWith(day)) {
    throw invalid(`Date in Credential scope does not match X-Amz-Date: ${day} and ${date}.`);
  }
  const payloadHash = sha256(request.body);
  if (request.headers["x-amz-content-sha256"] !== payloadHash) {
    throw invalid("The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
  const signed = signedHeaders.split(";");
  checkSigned(request, signed);
  const toSign = ["AWS4-HMAC-SHA256", date, scope, sha256(canonicalRequest(request, signed, payloadHash))].join("\n");
  const key = hmac(hmac(hmac(hmac(`AWS4${keys.secretAccessKey}`, day), keys.region), service), "aws4_request");
  if (!timingSafeEqual(hmac(key, toSign), Buffer.from(signature, "hex"))) {
    throw invalid("The request signature we calculated does not match the signature you provided.");
  }
}
