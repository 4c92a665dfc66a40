/** Kubernetes' answer to what failed, and to a deletion. */
export interface KubeStatus {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
}

/** What is named in a refusal. */
export interface Subject {
  readonly group: string;
  readonly kind: string;
  /** As in paths: `aigatewayroutes`. */
  readonly plural: string;
}

/** A refusal in Kubernetes' words: clients print its message and look at its reason. Never holds a value of a Secret. */
export class KubeError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.name = "KubeError";
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  toStatus(): KubeStatus {
    const { code, reason, message, details } = this;
    const said = { message, reason, ...(details === undefined ? {} : { details }), code };
    return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", ...said };
  }
}

export function deleted(subject: Subject, name: string, uid: string): KubeStatus {
  const details = { name, group: subject.group, kind: subject.plural, uid };
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details, code: 200 };
}

const resourceText = ({ group, plural }: Subject): string => (group === "" ? plural : `${plural}.${group}`);
const about = (subject: Subject, name: string): StatusDetails => ({
  name,
  group: subject.group,
  kind: subject.plural,
});

export function notFound(subject: Subject, name: string): KubeError {
  return new KubeError(404, "NotFound", `${resourceText(subject)} "${name}" not found`, about(subject, name));
}

export function noSuchPath(): KubeError {
  return new KubeError(404, "NotFound", "the server could not find the requested resource");
}

export function alreadyExists(subject: Subject, name: string): KubeError {
  return new KubeError(409, "AlreadyExists", `${resourceText(subject)} "${name}" already exists`, about(subject, name));
}

export function conflict(subject: Subject, name: string, why: string): KubeError {
  return new KubeError(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${resourceText(subject)} "${name}": ${why}`,
    about(subject, name),
  );
}

export function invalid(subject: Subject, name: string, causes: readonly StatusCause[]): KubeError {
  const said = causes.map(({ field, message }) => `${field}: ${message}`);
  const text = said.length === 1 ? said.join("") : `[${said.join(", ")}]`;
  const kind = subject.group === "" ? subject.kind : `${subject.kind}.${subject.group}`;
  const details = { name, group: subject.group, kind: subject.kind, causes };
  return new KubeError(422, "Invalid", `${kind} "${name}" is invalid: ${text}`, details);
}

export function badRequest(message: string): KubeError {
  return new KubeError(400, "BadRequest", message);
}

export function methodNotAllowed(): KubeError {
  return new KubeError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
}

export function unsupportedMediaType(given: string, accepted: readonly string[]): KubeError {
  const message = `the body of the request was in an unknown format (${given || "no content-type"}) - accepted media types include: ${accepted.join(", ")}`;
  return new KubeError(415, "UnsupportedMediaType", message);
}

/** A watcher that was away too long lists again. */
export function expired(version: number): KubeError {
  return new KubeError(410, "Expired", `too old resource version: ${version}`);
}
