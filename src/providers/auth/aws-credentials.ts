import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import type { AuthConfig, Authenticator, SignableRequest } from "../../core/auth.ts";

/** Headers of the signature; `host` and `content-type` are signed too but sent by others. */
const signatureHeaders = ["authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"];

/** SHA-256, or its HMAC with a secret, in the form that the signer wants: hashing a large body elsewhere than in native code stalls. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: SourceData) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", bytesOf(secret));
  }

  update(data: SourceData): void {
    this.#hash.update(bytesOf(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()));
  }
}

type SourceData = string | ArrayBuffer | ArrayBufferView;

function bytesOf(data: SourceData): Uint8Array {
  if (typeof data === "string") return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

/**
 * Signature Version 4 for service `bedrock` (translation.md §1.5): over content-type, host and the x-amz headers, and the exact
 * body; not over content-length, which Envoy may re-frame. The path is encoded once more, as the scheme wants it.
 */
export class AwsAuthenticator implements Authenticator {
  readonly #signer: SignatureV4;

  constructor(config: AuthConfig & { readonly type: "AWSCredentials" }) {
    this.#signer = new SignatureV4({
      service: "bedrock",
      region: config.region,
      credentials: {
        accessKeyId: config.accessKeyId.reveal(),
        secretAccessKey: config.secretAccessKey.reveal(),
        ...(config.sessionToken === undefined ? {} : { sessionToken: config.sessionToken.reveal() }),
      },
      sha256: Sha256,
      applyChecksum: true,
    });
  }

  async headers(request: SignableRequest): Promise<Readonly<Record<string, string>>> {
    const query = request.path.indexOf("?");
    const signed = await this.#signer.sign(
      new HttpRequest({
        method: request.method,
        protocol: "https:",
        hostname: request.host,
        path: query < 0 ? request.path : request.path.slice(0, query),
        query: query < 0 ? {} : Object.fromEntries(new URLSearchParams(request.path.slice(query + 1))),
        headers: { host: request.host, "content-type": request.contentType },
        body: request.body,
      }),
      { signingDate: new Date(request.nowMs) },
    );
    const headers: Record<string, string> = {};
    for (const name of signatureHeaders) {
      const value = signed.headers[name];
      if (value !== undefined) headers[name] = value;
    }
    return headers;
  }
}
