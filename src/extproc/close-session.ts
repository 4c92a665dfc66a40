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
  // first of all: nothing of what follows may keep money held
  const settlement = settleSession(session, tools);
  try {
    logRequest(session, logger, metrics, endedMs);
    chargeQuotas(session, tools);
    ledger.append(requestRecord(session, await settlement, endedMs));
  } catch (error) {
    logger.error({ err: error, session: session.id }, "a request's end could not be recorded");
  }
}
