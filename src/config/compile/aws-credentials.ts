import { type AuthConfig, Secret } from "../../core/auth.ts";
import type { CompileContext } from "./context.ts";

export type AwsCredentials = Omit<Extract<AuthConfig, { type: "AWSCredentials" }>, "type" | "region">;

function credentials(
  id: string | undefined,
  key: string | undefined,
  token: string | undefined,
): AwsCredentials | undefined {
  if (id === undefined || key === undefined || id === "" || key === "") return undefined;
  return {
    accessKeyId: new Secret(id),
    secretAccessKey: new Secret(key),
    ...(token === undefined || token === "" ? {} : { sessionToken: new Secret(token) }),
  };
}

/** The keys of one profile of an AWS credentials file; undefined when the profile has none. */
export function fromCredentialsFile(text: string, profile: string): AwsCredentials | undefined {
  const members = new Map<string, string>();
  let section = "";
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[\s*(?:profile\s+)?([^\]]+?)\s*\]/.exec(line);
    const member = /^\s*([\w-]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (header !== null) section = header[1] ?? "";
    else if (member !== null && section === profile) members.set((member[1] ?? "").toLowerCase(), member[2] ?? "");
  }
  return credentials(
    members.get("aws_access_key_id"),
    members.get("aws_secret_access_key"),
    members.get("aws_session_token"),
  );
}

/** The keys `access-key-id`, `secret-access-key` and `session-token` of a Secret. */
export function fromSecretKeys(values: ReadonlyMap<string, string>): AwsCredentials | undefined {
  return credentials(values.get("access-key-id"), values.get("secret-access-key"), values.get("session-token"));
}

/** The first step of the AWS default chain: the environment. */
export function fromEnvironment(env: CompileContext["env"]): AwsCredentials | undefined {
  return credentials(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env["AWS_SESSION_TOKEN"]);
}
