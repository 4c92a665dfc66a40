// `npm run rules`: which rules of the design (L… in limits.md, R… in translation.md) no test title names.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { installDependencies, root } from "./install.mjs";

installDependencies();

const design = `${root}docs/design`;
const tests = `${root}test`;

/** The rules, in the order in which they are written: each begins with its number in bold. */
function definedRules() {
  const files = readdirSync(design).filter((name) => name.endsWith(".md"));
  return files.flatMap((file) => {
    const text = readFileSync(join(design, file), "utf8");
    return [...text.matchAll(/\*\*([LR]\d+)\*\*/g)].map(([, rule]) => rule);
  });
}

/** Every piece of text in a file: titles are often put together from tables. Comments are no texts. */
function textsOf(file) {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest);
  const texts = [];
  const visit = (node) => {
    if (ts.isStringLiteral(node) || ts.isTemplateLiteralToken(node)) texts.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return texts;
}

/** `L13`, and every rule of `L13–L15`. */
function rulesIn(text) {
  const rules = [];
  for (const [, letter, from, to] of text.matchAll(/\b([LR])(\d+)(?:\s?[–-]\s?[LR]?(\d+))?\b/g))
    for (let number = Number(from); number <= Number(to ?? from); number++) rules.push(`${letter}${number}`);
  return rules;
}

const testFiles = readdirSync(tests, { recursive: true })
  .filter((name) => /\.(?:test|contract)\.ts$/.test(name))
  .map((name) => join(tests, name));
const named = new Set(testFiles.flatMap(textsOf).flatMap(rulesIn));
const rules = [...new Set(definedRules())];

for (const [letter, what] of [
  ["L", "costs, rate limits and budgets"],
  ["R", "translation"],
]) {
  const all = rules.filter((rule) => rule.startsWith(letter));
  const missing = all.filter((rule) => !named.has(rule));
  console.log(`${what}: ${all.length} rules, ${all.length - missing.length} named by tests, ${missing.length} without`);
  if (missing.length > 0) console.log(`  ${missing.join(" ")}`);
}
