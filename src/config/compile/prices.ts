import type { Price, PriceEntry, PriceRates, TokenRates } from "../../core/prices.ts";
import type { Backend } from "../../core/runtime-config.ts";
import { contentHash } from "../content-hash.ts";
import type { Path } from "../diagnostics.ts";
import { aiServiceBackend } from "../dialects/ai-gateway/ai-service-backend.ts";
import { priceBook, type WrittenPrice } from "../dialects/tollgate/price-book.ts";
import { aiBackend } from "../dialects/tutorial/ai-backend.ts";
import type { KindDefinition } from "../kind-definition.ts";
import { resolveReference } from "../references.ts";
import type { ResourceOf } from "../resource.ts";
import type { CompileContext } from "./context.ts";

type Book = ResourceOf<typeof priceBook>;
type Backends = ReadonlyMap<string, Backend>;

const backendKinds: readonly KindDefinition<unknown>[] = [aiBackend, aiServiceBackend];

/** Undefined when the backend is not there, which is told: nothing can have this price. */
function scopeOf(
  context: CompileContext,
  book: Book,
  path: Path,
  { backendRef, provider }: WrittenPrice,
): PriceEntry["scope"] | undefined {
  if (backendRef === undefined)
    return provider === undefined ? { kind: "All" } : { kind: "Provider", provider: provider.name.toLowerCase() };
  const namePath = [...path, "backendRef", "name"];
  const resolved = resolveReference(backendKinds, backendRef, book, namePath, context.resources, context.report);
  if (resolved.state === "found") return { kind: "Backend", backendId: resolved.resource.id };
  if (resolved.state === "missing") context.report.unresolved(book, namePath, `${resolved.reason}; add it`);
  return undefined;
}

/** A book that was written into the wrong namespace would silently price nothing. One that is for many providers need not find all. */
function warnAboutNoBackend(
  context: CompileContext,
  book: Book,
  entries: readonly PriceEntry[],
  backends: Backends,
): void {
  if (entries.length === 0 || backends.size === 0) return;
  const near = [...backends.values()].filter(({ id }) => id.startsWith(`${book.namespace}/`));
  const pricesSomething = entries.some(({ scope }) =>
    scope.kind === "Provider"
      ? near.some(({ providerName }) => providerName === scope.provider)
      : scope.kind === "Backend" || near.length > 0,
  );
  if (pricesSomething) return;
  context.report.strictWarning(
    book,
    ["metadata", "namespace"],
    `no backend in namespace ${book.namespace} can have one of these prices; put the PriceBook where the backends are`,
  );
}

type WrittenRates = Pick<WrittenPrice, "perMillionTokens" | "longContext">;

function toRates({ input, output, cacheRead, cacheWrite, cacheWrite1h }: WrittenRates["perMillionTokens"]): TokenRates {
  return { input, output, cacheRead, cacheWrite, cacheWrite1h };
}

function toPriceRates({ perMillionTokens, longContext = [] }: WrittenRates): PriceRates {
  const steps = longContext
    .map((step) => ({ inputTokensAbove: step.inputTokensAbove, rates: toRates(step.perMillionTokens) }))
    .sort((a, b) => a.inputTokensAbove - b.inputTokensAbove);
  return { rates: toRates(perMillionTokens), longContext: steps };
}

function toTiers(written: NonNullable<WrittenPrice["tiers"]>): Price["tiers"] {
  const { flex, priority, batch } = written;
  return {
    ...(flex === undefined ? {} : { flex: toPriceRates(flex) }),
    ...(priority === undefined ? {} : { priority: toPriceRates(priority) }),
    ...(batch === undefined ? {} : { batch: toPriceRates(batch) }),
  };
}

function compileEntry(
  context: CompileContext,
  book: Book,
  index: number,
  written: WrittenPrice,
): readonly PriceEntry[] {
  const path = ["spec", "prices", index];
  const scope = scopeOf(context, book, path, written);
  if (scope === undefined) return [];
  const tiers = written.tiers === undefined ? {} : { tiers: toTiers(written.tiers) };
  const price: Price = { ...toPriceRates(written), ...tiers, source: `PriceBook ${book.id}` };
  const { from: fromMs, until: untilMs } = written;
  return written.models.map((model) => ({ model, namespace: book.namespace, scope, fromMs, untilMs, price }));
}

/** Every configured price. Two for the same models, backends and beginning are a diagnostic: nobody could tell which holds. */
export function compilePrices(context: CompileContext, backends: Backends): readonly PriceEntry[] {
  const writers = new Map<string, string>();
  const tellTwice = (book: Book, index: number, { model, namespace, scope, fromMs }: PriceEntry): void => {
    const key = contentHash([model, scope.kind === "Backend" ? "" : namespace, scope, fromMs]);
    const earlier = writers.get(key);
    if (earlier === undefined) writers.set(key, `${book.id} prices[${index}]`);
    else {
      const message = `${JSON.stringify(model)} has a price in ${earlier} for the same backends from the same time; keep one of them`;
      context.report.error(book, ["spec", "prices", index, "models"], message);
    }
  };
  return context.resources.all(priceBook).flatMap((book) => {
    const entries = book.body.spec.prices.flatMap((written, index) => {
      const compiled = compileEntry(context, book, index, written);
      for (const entry of compiled) tellTwice(book, index, entry);
      return compiled;
    });
    warnAboutNoBackend(context, book, entries, backends);
    return entries;
  });
}
