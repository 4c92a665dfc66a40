import type { Path } from "../diagnostics.ts";
import type { budget } from "../dialects/tollgate/budget.ts";
import type { ResourceOf } from "../resource.ts";
import type { CompileContext } from "./context.ts";
import { modelHeader } from "./route-matches.ts";

type Budget = ResourceOf<typeof budget>;

interface Use {
  readonly name: string;
  readonly path: Path;
}

function headersOf({ body }: Budget): readonly Use[] {
  const { subject = [], match = [] } = body.spec;
  return [
    ...subject.map(({ header }, index) => ({ name: header, path: ["spec", "subject", index, "header"] })),
    ...match.flatMap(({ header }, index) =>
      header === undefined ? [] : [{ name: header, path: ["spec", "match", index, "header"] }],
    ),
  ].filter(({ name }) => name.toLowerCase() !== modelHeader);
}

function tellTwice({ report }: CompileContext, resource: Budget): void {
  const names = (resource.body.spec.subject ?? []).map(({ header }) => header.toLowerCase());
  for (const [index, name] of names.entries()) {
    const earlier = names.indexOf(name);
    if (earlier < index)
      report.error(resource, ["spec", "subject", index, "header"], `is subject[${earlier}] already; remove it`);
  }
}

/** Only headers that clients cannot choose say who pays (limits.md L38). */
export function checkBudgetIdentity(context: CompileContext, resource: Budget): void {
  const { report, settings, configured } = context;
  tellTwice(context, resource);
  const { trustedHeaders } = settings.identity;
  const used = headersOf(resource);
  const trusted = used.filter(({ name }) => trustedHeaders.includes(name.toLowerCase()));
  for (const { name, path } of used) {
    if (trustedHeaders.includes(name.toLowerCase())) continue;
    const message = `the header ${name} is not trusted, so it cannot say who pays; add it to identity.trustedHeaders in TollgateConfig once something before Tollgate sets it`;
    report.error(resource, path, message);
  }
  const [first] = trusted;
  // who lists the headers has thought of who sets them
  if (first === undefined || configured.identity?.trustedHeaders !== undefined) return;
  const names = [...new Set(trusted.map(({ name }) => name.toLowerCase()))].join(" and ");
  const message = `clients can write ${names} themselves unless something before Tollgate sets it, and so choose who pays; if something does, list it in identity.trustedHeaders in TollgateConfig`;
  report.warning(resource, first.path, message);
}
