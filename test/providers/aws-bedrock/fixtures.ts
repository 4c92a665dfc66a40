import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = "test/fixtures/providers/aws-bedrock/from-chat";

export function readFixture(name: string, file: string): string {
  return readFileSync(join(root, name, file), "utf8");
}

/** Names of the cases that exist as `<name>-json` and `<name>-stream`. */
export function answersOfBothKinds(): readonly string[] {
  return readdirSync(root)
    .filter((name) => name.endsWith("-json") && existsSync(join(root, name.replace(/json$/, "stream"))))
    .map((name) => name.slice(0, -"-json".length));
}
