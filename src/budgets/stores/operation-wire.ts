import type {
  BudgetAmount,
  BudgetTerms,
  ExpireCall,
  ExtendCall,
  MeterCall,
  ReserveCall,
  SettleCall,
} from "../budget-store.ts";
import type { Wire } from "./wire.ts";

/** A call that changes what a store knows. */
export type Operation =
  | { readonly kind: "reserve"; readonly call: ReserveCall }
  | { readonly kind: "extend"; readonly call: ExtendCall }
  | { readonly kind: "meter"; readonly call: MeterCall }
  | { readonly kind: "settle"; readonly call: SettleCall }
  | { readonly kind: "expire"; readonly call: ExpireCall };

export function decodeTerms(wire: Wire<BudgetTerms>): BudgetTerms {
  return { ...wire, limit: BigInt(wire.limit) };
}

function decodeAmounts(wire: readonly Wire<BudgetAmount>[]): readonly BudgetAmount[] {
  return wire.map(({ budgetId, amount }) => ({ budgetId, amount: BigInt(amount) }));
}

function decodeReserve(wire: Wire<ReserveCall>): ReserveCall {
  const lines = wire.lines.map(({ budget, account, amount, leastRemaining }) => ({
    budget: decodeTerms(budget),
    account,
    amount: BigInt(amount),
    ...(leastRemaining === undefined ? {} : { leastRemaining: BigInt(leastRemaining) }),
  }));
  return { ...wire, lines };
}

export function decodeOperation(wire: Wire<Operation>): Operation {
  switch (wire.kind) {
    case "reserve":
      return { kind: wire.kind, call: decodeReserve(wire.call) };
    case "extend":
      return { kind: wire.kind, call: { ...wire.call, amounts: decodeAmounts(wire.call.amounts) } };
    case "settle":
      return { kind: wire.kind, call: { ...wire.call, amounts: decodeAmounts(wire.call.amounts) } };
    case "meter": {
      const sessions = wire.call.sessions.map((session) => ({ ...session, amounts: decodeAmounts(session.amounts) }));
      return { kind: wire.kind, call: { ...wire.call, sessions } };
    }
    case "expire":
      return { kind: wire.kind, call: wire.call };
  }
}
