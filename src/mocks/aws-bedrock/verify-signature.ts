import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { ReceivedRequest } from "../provider.ts";

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly sessionToken?: string | undefined;
}

const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, data: string): Buffer => createHmac("sha256", key).update(data).digest();

function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * Verifies Signature Version 4 as the service does, written from its description with node:crypto alone. Gives what is wrong, or
 * undefined.
 */
export function signatureFault(request: ReceivedRequest, keys: AwsKeys): string | undefined {
  const parts = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
    request.headers["authorization"] ?? "",
  );
  if (parts === null) return "The request signature does not conform to AWS standards.";
  const [, accessKeyId, day = "", region = "", service = "", signedHeaders = "", signature = ""] = parts;
  if (accessKeyId !== keys.accessKeyId) return "The security token included in the request is invalid.";
  if (region !== keys.region || service !== "bedrock") return `Credential should be scoped to ${keys.region}/bedrock.`;
  if (request.headers["x-amz-security-token"] !== keys.sessionToken) return "The security token included in the request is invalid.";
  const payloadHash = sha256(request.body);
  if (request.headers["x-amz-content-sha256"] !== payloadHash) return "The provided 'x-amz-content-sha256' header does not match what was computed.";
  const names = signedHeaders.split(";");
  if (!names.includes("host") || !names.includes("x-amz-date")) return "'host' and 'x-amz-date' must be signed.";
  const [path = "", query = ""] = request.path.split("?");
  const canonical = [
    request.method,
    path.split("/").map(encodeSegment).join("/"),
    query.split("&").sort().join("&"),
    ...names.map((name) => `${name}:${(request.headers[name] ?? "").trim().replace(/ +/g, " ")}`),
    "",
    signedHeaders,
    payloadHash,
  ].join("\n");
  const date = request.headers["x-amz-date"] ?? "";
  if (!date.startsWith(day)) return "Date in Credential scope does not match X-Amz-Date.";
  const toSign = ["AWS4-HMAC-SHA256", date, `${day}/${region}/bedrock/aws4_request`, sha256(canonical)].join("\n");
  const key = hmac(hmac(hmac(hmac(`AWS4${keys.secretAccessKey}`, day), region), "bedrock"), "aws4_request");
  const expected = hmac(key, toSign);
  return timingSafeEqual(expected, Buffer.from(signature, "hex")) ? undefined : "The request signature we calculated does not match the signature you provided.";
}
