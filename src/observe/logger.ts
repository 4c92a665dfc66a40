import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";

export type Logger = Pick<PinoLogger, "debug" | "info" | "warn" | "error" | "child">;

/**
 * Structured JSON lines. Bodies and secrets are never given to it; the redaction below is the second lock on that door.
 */
export function makeLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: ["headers", "*.headers", "authorization", "*.authorization", "key", "*.key", "secret", "*.secret"],
      censor: "[redacted]",
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
