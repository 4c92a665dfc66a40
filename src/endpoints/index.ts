import type { Endpoint } from "../core/endpoint.ts";
import { chatEndpoint } from "./chat.ts";
import { messagesEndpoint } from "./messages.ts";

/** Every client API that Tollgate serves. */
export const endpoints: readonly Endpoint[] = [chatEndpoint, messagesEndpoint];
