import { StoreUnavailable } from "../counter-store.ts";

/**
 * The answer if it comes within `limitMs`.
 * @throws StoreUnavailable that names the place, when it fails or is late
 */
export async function inTime<T>(answer: Promise<T>, limitMs: number, place: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new StoreUnavailable(`${place} did not answer within ${Math.ceil(limitMs)} ms`)),
      limitMs,
    );
  });
  try {
    return await Promise.race([answer, limit]);
  } catch (cause) {
    if (cause instanceof StoreUnavailable) {
      answer.catch(() => undefined); // the late failure was already answered for
      throw cause;
    }
    throw new StoreUnavailable(`${place} failed`, { cause });
  } finally {
    clearTimeout(timer);
  }
}
