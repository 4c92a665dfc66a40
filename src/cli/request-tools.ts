import { randomBytes } from "node:crypto";
import type { Authenticator } from "../core/auth.ts";
import type { Backend } from "../core/runtime-config.ts";
import { endpoints, modelsPages } from "../endpoints/index.ts";
import { hostHeader } from "../envoy/clusters.ts";
import { closeSession } from "../extproc/close-session.ts";
import { Sessions } from "../extproc/sessions.ts";
import type { ExchangeTools } from "../extproc/tools.ts";
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

/** What the exchanges need that is opened elsewhere. */
export type OpenedTools = Pick<
  ExchangeTools,
  "config" | "clusterName" | "logger" | "metrics" | "budgets" | "ledger" | "quotas" | "inputTokens"
>;

/** Wires the exchanges to the registries, the clock and randomness. */
export function makeExchangeTools(opened: OpenedTools): ExchangeTools {
  const sessions = new Sessions({
    maxSessions,
    maxAgeMs: 3_600_000,
    nowMs: Date.now,
    closed: (session) => closeSession(session, tools),
    swept: () => opened.metrics.increment("sessions_swept_total"),
  });
  const tools: ExchangeTools = {
    ...opened,
    endpoints,
    modelsPages,
    translatorFor: (backend, api) => providers.get(backend.schema)?.translators[api],
    authenticatorFor: authenticators(),
    hostHeader,
    nowMs: Date.now,
    random: Math.random,
    newId,
    newSessionId: randomId,
    sessions,
  };
  return tools;
}
