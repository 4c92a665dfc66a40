/**
 * The parameters of a path in the order of its template's braces; undefined = it is another path, or no path at all (a `%` that is
 * no escape).
 */
export function matchPath(template: string, path: string): readonly string[] | undefined {
  const wanted = template.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return undefined;
  const parameters: string[] = [];
  for (const [index, element] of wanted.entries()) {
    const found = given[index] ?? "";
    if (!element.startsWith("{")) {
      if (element !== found) return undefined;
      continue;
    }
    const parameter = decoded(found);
    if (parameter === undefined || parameter === "") return undefined;
    parameters.push(parameter);
  }
  return parameters;
}

function decoded(element: string): string | undefined {
  try {
    return decodeURIComponent(element);
  } catch {
    return undefined;
  }
}
