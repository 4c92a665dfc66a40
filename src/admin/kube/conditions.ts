import { type Diagnostic, renderPath } from "../../config/diagnostics.ts";
import { timestamp } from "../../resources/next-object.ts";
import type { StoredObject } from "../../resources/stored-object.ts";
import { conditionsOf } from "./table.ts";

/** Whether requests are served with what is stored now; the reason in words why not. */
export type Programmed =
  | { readonly state: "programmed" }
  | { readonly state: "invalid" | "pending"; readonly why: string };

interface Judged {
  readonly type: "Accepted" | "ResolvedRefs" | "Programmed";
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

function text(diagnostics: readonly Diagnostic[]): string {
  return diagnostics
    .map(({ path, message }) => (path.length === 0 ? message : `${renderPath(path)}: ${message}`))
    .join("; ");
}

function judge(own: readonly Diagnostic[], programmed: Programmed): readonly Judged[] {
  const of = (...severities: readonly Diagnostic["severity"][]): readonly Diagnostic[] =>
    own.filter(({ severity }) => severities.includes(severity));
  const errors = of("error");
  const unresolved = of("unresolved");
  const accepted: Judged =
    errors.length > 0
      ? { type: "Accepted", status: "False", reason: "Invalid", message: text(errors) }
      : { type: "Accepted", status: "True", reason: "Accepted", message: text(of("warning", "info")) };
  const resolved: Judged =
    unresolved.length > 0
      ? { type: "ResolvedRefs", status: "False", reason: "RefNotFound", message: text(unresolved) }
      : { type: "ResolvedRefs", status: "True", reason: "ResolvedRefs", message: "" };
  const served: Judged =
    programmed.state === "programmed"
      ? { type: "Programmed", status: "True", reason: "Programmed", message: "" }
      : {
          type: "Programmed",
          status: "False",
          reason: programmed.state === "invalid" ? "Invalid" : "Pending",
          message: programmed.why,
        };
  return [accepted, resolved, served];
}

/**
 * The status of an object: `Accepted` (it is valid; warnings are in the message), `ResolvedRefs` (what it names is there) and
 * `Programmed` (requests are served with it). A condition that is as before keeps its time.
 */
export function statusFor(
  object: StoredObject,
  own: readonly Diagnostic[],
  programmed: Programmed,
  nowMs: number,
): object {
  const earlier = conditionsOf(object) as readonly { type: string; status: string; lastTransitionTime?: string }[];
  const conditions = judge(own, programmed).map((judged) => {
    const before = earlier.find(({ type, status }) => type === judged.type && status === judged.status);
    return {
      ...judged,
      observedGeneration: object.metadata.generation,
      lastTransitionTime: before?.lastTransitionTime ?? timestamp(nowMs),
    };
  });
  return { conditions };
}
