import type { AuthConfig, Authenticator } from "../../core/auth.ts";
import { ApiKeyAuthenticator } from "./api-key.ts";
import { AwsAuthenticator } from "./aws-credentials.ts";

const anonymous: Authenticator = { headers: () => Promise.resolve({}) };

/** The authenticator for a backend's credentials. Which type goes with which schema is the configuration's choice. */
export function makeAuthenticator(config: AuthConfig): Authenticator {
  switch (config.type) {
    case "None":
      return anonymous;
    case "APIKey":
      return new ApiKeyAuthenticator("authorization", "Bearer ", config.key);
    case "AnthropicAPIKey":
      return new ApiKeyAuthenticator("x-api-key", "", config.key);
    case "AzureAPIKey":
      return new ApiKeyAuthenticator("api-key", "", config.key);
    case "AWSCredentials":
      return new AwsAuthenticator(config);
  }
}
