import { toReceipt } from "../../budgets/receipt.ts";
import type { PriceBook } from "../../core/prices.ts";
import type { RequestRecord } from "../../core/request-record.ts";
import { ratesFor } from "../../metering/price.ts";
import { errorAnswer, jsonAnswer, type Route } from "../route.ts";
import type { AdminSources } from "../sources.ts";

/** What a request's attempts were charged, as long as the prices are those of the request. */
function chargedRates(record: RequestRecord, book: PriceBook | undefined): Parameters<typeof toReceipt>[1] {
  return ({ provider, backend, model, usage }) => {
    if (book?.version !== record.priceVersion) return undefined;
    const { price } = book.quote({ provider, backendId: backend, model, atMs: record.startedMs });
    return { rates: ratesFor(price, usage?.input ?? 0, usage?.serviceTier), source: price.source };
  };
}

/** `/receipts/{id}`: what one request used, cost, and which budgets paid (limits.md L37). */
export function receiptRoute({ ledger, prices }: AdminSources): Route {
  return {
    path: "/receipts/{id}",
    open: false,
    answer: async ([id = ""]) => {
      if (ledger === undefined) return errorAnswer(404, "no_receipts", "this gateway keeps no receipts");
      const record = await ledger.find(id);
      if (record !== undefined) return jsonAnswer(200, toReceipt(record, chargedRates(record, prices?.())));
      const message = `there is no receipt of ${JSON.stringify(id.slice(0, 128))}: name a request by its x-request-id or by its session; receipts are kept for ${ledger.kept}`;
      return errorAnswer(404, "unknown_receipt", message);
    },
  };
}
