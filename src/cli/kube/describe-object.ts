import type { KubeObject } from "./client.ts";
import { lastApplied } from "./three-way-patch.ts";

const column = 14;

/** `backendRefs` → `Backend Refs`. */
function title(key: string): string {
  const words = key.replace(/([a-z\d])([A-Z])/g, "$1 $2");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function lines(value: unknown, indent: string): readonly string[] {
  if (Array.isArray(value))
    return value.flatMap((item: unknown) =>
      typeof item === "object" && item !== null ? lines(item, indent) : [`${indent}${String(item)}`],
    );
  return Object.entries(value ?? {}).flatMap(([key, member]: [string, unknown]) =>
    typeof member === "object" && member !== null
      ? [`${indent}${title(key)}:`, ...lines(member, `${indent}  `)]
      : [`${indent}${title(key)}:  ${String(member ?? "")}`],
  );
}

function pairs(
  label: string,
  values: Readonly<Record<string, string>> | undefined,
  separator: string,
): readonly string[] {
  const shown = Object.entries(values ?? {}).filter(([key]) => key !== lastApplied);
  if (shown.length === 0) return [`${label.padEnd(column)}<none>`];
  return shown.map(([key, value], index) => `${(index === 0 ? label : "").padEnd(column)}${key}${separator}${value}`);
}

const bytes = (base64: unknown): number => Buffer.from(String(base64), "base64").length;

/** What `describe` prints: everything in words that can be read; of Secrets the keys and sizes. */
export function describeObject(object: KubeObject): string {
  const { apiVersion, kind, metadata, ...content } = object;
  const { name, namespace, annotations, labels, managedFields: _fields, ...others } = metadata;
  const head = [
    `${"Name:".padEnd(column)}${name}`,
    ...(namespace === undefined ? [] : [`${"Namespace:".padEnd(column)}${namespace}`]),
    ...pairs("Labels:", labels as Readonly<Record<string, string>> | undefined, "="),
    ...pairs("Annotations:", annotations, ": "),
  ];
  if (kind === "Secret" && apiVersion === "v1") {
    const { type, data } = content as { readonly type?: string; readonly data?: Readonly<Record<string, unknown>> };
    const sizes = Object.entries(data ?? {}).map(([key, value]) => `${key}:  ${bytes(value)} bytes`);
    return [...head, "", `Type:  ${type ?? "Opaque"}`, "", "Data", "====", ...sizes, ""].join("\n");
  }
  const about = [`${"API Version:".padEnd(column)}${apiVersion}`, `${"Kind:".padEnd(column)}${kind}`];
  return [...head, ...about, ...lines({ metadata: others, ...content }, ""), ""].join("\n");
}
