import { randomBytes } from "node:crypto";
import type { Authenticator } from "../core/auth.ts";
import type { Backend, RuntimeConfig } from "../core/runtime-config.ts";
import { endpoints } from "../endpoints/index.ts";
import { hostHeader } from "../envoy/clusters.ts";
import { logRequest } from "../extproc/request-log.ts";
import { Sessions } from "../extproc/sessions.ts";
import type { ExchangeTools } from "../extproc/tools.ts";
import type { Logger } from "../observe/logger.ts";
import type { Metrics } from "../observe/metrics.ts";
import { makeAuthenticator } from "../providers/auth/index.ts";
import { providers } from "../providers/index.ts";

const maxSessions = 100_000;

function randomId(): string {
  return randomBytes(16).toString("hex");
}

/** A cheap id for what we invent inside answers; unique, not secret. */
function newId(prefix: string): string {
  return `${prefix}${randomBytes(12).toString("hex")}`;
}

/** Authenticators are made once per backend of a configuration. */
function authenticators(): (backend: Backend) => Authenticator {
  const made = new WeakMap<Backend, Authenticator>();
  return (backend) => {
    const known = made.get(backend);
    if (known !== undefined) return known;
    const authenticator = makeAuthenticator(backend.auth);
    made.set(backend, authenticator);
    return authenticator;
  };
}

/** Wires the exchanges to the registries, the clock and randomness. */
export function makeExchangeTools(config: () => RuntimeConfig, logger: Logger, metrics: Metrics): ExchangeTools {
  const sessions = new Sessions({
    maxSessions,
    maxAgeMs: 3_600_000,
    nowMs: Date.now,
    closed: (session) => logRequest(session, logger, metrics, Date.now()),
    swept: () => metrics.increment("sessions_swept_total"),
  });
  return {
    config,
    endpoints,
    translatorFor: (backend, api) => providers.get(backend.schema)?.translators[api],
    authenticatorFor: authenticators(),
    hostHeader,
    nowMs: Date.now,
    random: Math.random,
    newId,
    newSessionId: randomId,
    sessions,
    logger,
    metrics,
  };
}
