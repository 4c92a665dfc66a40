import type { AzureSurface } from "../../core/translator.ts";

/**
 * What a configured version says of Azure's surfaces (translation.md §1.3): a date is the `api-version` of the older surface with
 * deployments in its paths; `v1`, or none at all, is the newer one, which takes `preview` and `latest` as versions of its own. A
 * string says what is wrong.
 */
export function readAzureVersion(version: string | undefined): AzureSurface | string {
  if (version === undefined || version === "" || version === "v1") return { surface: "v1" };
  if (version === "preview" || version === "latest") return { surface: "v1", apiVersion: version };
  if (/^\d{4}-\d{2}-\d{2}(?:-preview)?$/.test(version)) return { surface: "deployments", apiVersion: version };
  return "must be a date such as 2024-10-21 or 2025-01-01-preview, or v1, preview or latest";
}
