import type { CounterOperation, CounterResult } from "../counter-store.ts";
import { applyScript, takeBackScript } from "./redis-script.ts";

const rememberSeconds = 86_400;

type Words = readonly (string | number)[];

/** The scripts as commands of a client that was made with `scripts`. */
export interface ScriptCommands {
  tollgateApply(numberOfKeys: number, ...rest: Words): Promise<string>;
  tollgateTakeBack(numberOfKeys: number, ...rest: Words): Promise<string>;
}

export const scripts = { tollgateApply: { lua: applyScript }, tollgateTakeBack: { lua: takeBackScript } };

function keysOf(callKey: string, operations: readonly CounterOperation[]): readonly string[] {
  return [callKey, ...operations.map(({ key }) => key)];
}

/** Decides and counts the operations in one script call. `attempt` grows with each repetition of a call. */
export async function runApply(
  client: ScriptCommands,
  callKey: string,
  operations: readonly CounterOperation[],
  attempt: number,
): Promise<readonly CounterResult[]> {
  const keys = keysOf(callKey, operations);
  const words = operations.flatMap(({ add, refuseAbove, expiresAtMs }) => [
    add,
    refuseAbove ?? "",
    Math.ceil(expiresAtMs),
  ]);
  const answer = (await client.tollgateApply(keys.length, ...keys, rememberSeconds, attempt, ...words)).split(" ");
  return operations.map((_, index) => ({
    value: Number(answer[index * 2]),
    overLimit: answer[index * 2 + 1] === "1",
  }));
}

/** Takes back what an attempt added; the counters' values afterwards. */
export async function runTakeBack(
  client: ScriptCommands,
  callKey: string,
  operations: readonly CounterOperation[],
  attempt: number,
): Promise<readonly CounterResult[]> {
  const keys = keysOf(callKey, operations);
  const answer = (await client.tollgateTakeBack(keys.length, ...keys, attempt)).split(" ");
  return operations.map((_, index) => ({ value: Number(answer[index]), overLimit: false }));
}
