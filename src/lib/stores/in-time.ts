/** Made when an answer fails or is late; one class per kind of store. */
export type UnavailableError = new (message: string, options?: { cause?: unknown }) => Error;

/**
 * The answer if it comes within `limitMs`. What was asked may still be done after that: repeat it with the same id.
 * @throws Unavailable that names the place, when it fails or is late
 */
export async function inTime<T>(
  answer: Promise<T>,
  limitMs: number,
  place: string,
  Unavailable: UnavailableError,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Unavailable(`${place} did not answer within ${Math.ceil(limitMs)} ms`)),
      limitMs,
    );
  });
  try {
    return await Promise.race([answer, limit]);
  } catch (cause) {
    if (cause instanceof Unavailable) {
      answer.catch(() => undefined); // the late failure was already answered for
      throw cause;
    }
    throw new Unavailable(`${place} failed`, { cause });
  } finally {
    clearTimeout(timer);
  }
}
