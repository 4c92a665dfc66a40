import { Environment } from "@marcbachmann/cel-js";
import type { CostContext } from "../core/runtime-config.ts";

/** What an expression may use. */
type CelContext = Omit<CostContext, "quote">;

/** What a compiled expression gives for a request: a number of whatever sign and size. Throws what evaluation throws. */
export type CelCost = (context: CelContext) => number;

type Numeric = "uint" | "int" | "double";

const stringVariables = ["model", "backend", "route_name"] as const;
const numberVariables = {
  input_tokens: (context: CelContext) => context.usage.input,
  cached_input_tokens: (context: CelContext) => context.usage.cachedInput,
  cache_creation_input_tokens: (context: CelContext) => context.usage.cacheWrite,
  output_tokens: (context: CelContext) => context.usage.output,
  total_tokens: (context: CelContext) => context.usage.total,
  reasoning_tokens: (context: CelContext) => context.usage.reasoning,
} as const;

/** The library does not export its class of unsigned integers; an expression makes one. */
const Unsigned = new Environment().evaluate("0u").constructor as new (value: bigint) => { valueOf(): bigint };

const encode: Readonly<Record<Numeric, (value: number) => unknown>> = {
  uint: (value) => new Unsigned(BigInt(value)),
  int: (value) => BigInt(value),
  double: (value) => value,
};

/** Samples are not zeros: `output_tokens / total_tokens` is legal. */
const samples: readonly CelContext[] = [
  {
    model: "gpt-4o",
    backend: "default/openai",
    routeName: "default/llm",
    usage: { input: 60, cachedInput: 10, cacheWrite: 5, output: 40, reasoning: 7, total: 100 },
  },
  {
    model: "m",
    backend: "b",
    routeName: "r",
    usage: { input: 1, cachedInput: 1, cacheWrite: 1, output: 1, reasoning: 1, total: 2 },
  },
  {
    model: "claude",
    backend: "b",
    routeName: "r",
    usage: { input: 190_000, cachedInput: 3, cacheWrite: 2, output: 64_000, reasoning: 1_000, total: 254_000 },
  },
];

function environment(type: Numeric): Environment {
  const made = new Environment();
  for (const name of stringVariables) made.registerVariable(name, "string");
  for (const name of Object.keys(numberVariables)) made.registerVariable(name, type);
  return made;
}

const environments: Readonly<Record<Numeric, Environment>> = {
  uint: environment("uint"),
  int: environment("int"),
  double: environment("double"),
};

function toNumber(result: unknown): number {
  if (typeof result === "number") return result;
  if (typeof result === "bigint") return Number(result);
  if (typeof result === "object" && result !== null) return Number(result.valueOf());
  return Number.NaN;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}

function compileAs(expression: string, type: Numeric): CelCost | { readonly error: string } {
  const check = environments[type].check(expression);
  if (!check.valid) return { error: firstLine(check.error) };
  if (check.type !== "int" && check.type !== "uint" && check.type !== "double")
    return { error: `gives ${check.type}, a number was expected` };
  const evaluate = environments[type].parse(expression);
  const toValue = encode[type];
  return (context) => {
    const variables: Record<string, unknown> = {
      model: context.model,
      backend: context.backend,
      route_name: context.routeName,
    };
    for (const [name, read] of Object.entries(numberVariables)) variables[name] = toValue(read(context) ?? 0);
    return toNumber(evaluate(variables));
  };
}

/**
 * Compiles a cost expression with unsigned, then signed, then floating variables (limits.md L5), and tries it with samples.
 * The error tells why each reading failed.
 */
export function compileCel(expression: string): CelCost | { readonly error: string } {
  const reasons: string[] = [];
  for (const type of ["uint", "int", "double"] as const) {
    const compiled = compileAs(expression, type);
    if (typeof compiled !== "function") {
      reasons.push(`with ${type} variables: ${compiled.error}`);
      continue;
    }
    try {
      for (const sample of samples) compiled(sample);
      return compiled;
    } catch (error) {
      reasons.push(`with ${type} variables: ${firstLine(error)}`);
    }
  }
  // a syntax error or an unknown name is the same in all three readings: say it once
  const distinct = new Set(reasons.map((reason) => reason.slice(reason.indexOf(": ") + 2)));
  return { error: distinct.size === 1 ? [...distinct].join("") : reasons.join("; ") };
}
