import { type ResourceType, resourceTypes } from "../../admin/kube/resource-type.ts";
import { suggestion } from "../../config/nearest.ts";
import { UsageError } from "../options.ts";

function namesOf({ plural, singular, shortNames, group }: ResourceType): readonly string[] {
  return [plural, singular, ...shortNames, ...(group === "" ? [] : [`${plural}.${group}`, `${singular}.${group}`])];
}

/** The kind that a word means: its plural, singular or short name, with or without its group, in whatever case. @throws UsageError */
export function findResourceType(word: string): ResourceType {
  const wanted = word.toLowerCase();
  const found = resourceTypes.find((type) => namesOf(type).includes(wanted));
  if (found !== undefined) return found;
  const known = resourceTypes.map(({ plural }) => plural);
  const advice = suggestion(wanted, resourceTypes.flatMap(namesOf)) || `; there are ${known.join(", ")}`;
  throw new UsageError(`the server doesn't have a resource type ${JSON.stringify(word)}${advice}`);
}

/** `KIND NAME…` or `KIND/NAME…`. @throws UsageError */
export function readResourceArguments(positionals: readonly string[]): {
  readonly type: ResourceType;
  readonly names: readonly string[];
} {
  const [first = "", ...rest] = positionals;
  if (first === "") throw new UsageError("name a kind, such as aigatewayroutes");
  if (!first.includes("/")) return { type: findResourceType(first), names: rest };
  const pairs = positionals.map((word) => word.split("/", 2));
  const words = new Set(pairs.map(([kind]) => kind));
  if (words.size > 1) throw new UsageError("name objects of one kind at a time");
  return { type: findResourceType(first.split("/", 1)[0] ?? ""), names: pairs.map(([, name = ""]) => name) };
}

/** `aigatewayroute.aigateway.envoyproxy.io`, `secret`. */
export const typeText = ({ singular, group }: ResourceType): string =>
  group === "" ? singular : `${singular}.${group}`;
