import fc from "fast-check";

/** Text as it is in messages: mostly short, of all planes, without lone surrogates (which no UTF-8 can carry). */
export const anyText = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "grapheme", maxLength: 60 }),
  fc.string({ minLength: 100, maxLength: 300 }),
);

export const anyBytes = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 1, max: 200_000 }).map((length): Buffer => Buffer.alloc(length, length % 256)),
);

/** A value that may be absent; then its member is too. */
export function maybe<Member>(name: string, value: fc.Arbitrary<Member>): fc.Arbitrary<object> {
  return fc.option(value, { nil: undefined }).map((chosen) => (chosen === undefined ? {} : { [name]: chosen }));
}

/** Objects with the members of all of these. */
export function together(...parts: readonly fc.Arbitrary<object>[]): fc.Arbitrary<object> {
  return fc.tuple(...parts).map((objects) => Object.assign({}, ...objects) as object);
}
