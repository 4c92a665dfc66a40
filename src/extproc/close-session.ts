import { chargeQuotas } from "./quotas.ts";
import { logRequest } from "./request-log.ts";
import { requestRecord } from "./request-record.ts";
import type { Session } from "./session.ts";
import { settleSession } from "./settle.ts";
import type { ExchangeTools } from "./tools.ts";

/** The end of a session: nothing more will be told of its attempts. Never throws. */
export async function closeSession(session: Session, tools: ExchangeTools): Promise<void> {
  const { logger, metrics, ledger, nowMs } = tools;
  const endedMs = nowMs();
  logRequest(session, logger, metrics, endedMs);
  chargeQuotas(session, tools);
  const settlement = await settleSession(session, tools);
  ledger.append(requestRecord(session, settlement, endedMs));
}
