import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret } from "../core/auth.ts";
import { type Answer, errorAnswer } from "./route.ts";

const scheme = /^bearer +/i;
const basicScheme = /^basic +/i;

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** kubectl sends no token over plain http, but a user's password. */
function passwordIn(header: string): string {
  const credentials = Buffer.from(header.replace(basicScheme, ""), "base64").toString("utf8");
  return credentials.slice(credentials.indexOf(":") + 1);
}

function tokenIn(header: string | undefined): string {
  if (header === undefined) return "";
  if (basicScheme.test(header)) return passwordIn(header);
  return scheme.test(header) ? header.replace(scheme, "") : "";
}

/** Undefined = the `authorization` header brings the token; else the answer that says how. Takes equally long whatever is wrong with it. */
export function authorize(header: string | undefined, token: Secret): Answer | undefined {
  const given = tokenIn(header);
  // digests are of one length, and tell nothing of how much of the token was right
  if (timingSafeEqual(digest(given), digest(token.reveal()))) return undefined;
  return errorAnswer(
    401,
    "admin_token_required",
    "this page needs the header authorization: Bearer <admin token>; tollgate up writes the token into the file admin-token of its state directory, tollgate serve prints it at start, unless admin.tokenSecretRef, --admin-token or TOLLGATE_ADMIN_TOKEN sets it",
    { "www-authenticate": 'Bearer realm="tollgate admin"' },
  );
}
