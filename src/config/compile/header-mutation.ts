import type { HeaderMutation } from "../../core/runtime-config.ts";

interface Written {
  readonly set?: readonly { readonly name: string; readonly value: string }[] | undefined;
  readonly remove?: readonly string[] | undefined;
}

/** Header names in lower case. */
export function compileHeaderMutation(written: Written | undefined): HeaderMutation | undefined {
  if (written === undefined) return undefined;
  return {
    set: (written.set ?? []).map(({ name, value }) => ({ name: name.toLowerCase(), value })),
    remove: (written.remove ?? []).map((name) => name.toLowerCase()),
  };
}
