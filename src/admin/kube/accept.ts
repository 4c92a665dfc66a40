import type { KubeRequest } from "./request.ts";

/** Whether a Table is wanted: the first form of the Accept header that we speak. */
export function wantsTable({ headers }: Pick<KubeRequest, "headers">): boolean {
  for (const range of (headers.accept ?? "").split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    if (type !== "application/json") continue;
    const given = new Map(parameters.map((parameter) => parameter.split("=", 2) as [string, string]));
    const form = given.get("as");
    if (form === undefined) return false;
    if (form === "table" && given.get("v") === "v1") return true;
  }
  return false;
}
