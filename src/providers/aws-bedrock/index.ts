import type { Provider } from "../../core/provider.ts";
import { chatToBedrock } from "./from-chat.ts";

/** Models at AWS Bedrock, through its Converse API. */
export const awsBedrock: Provider = {
  schema: "AWSBedrock",
  translators: { chat: chatToBedrock },
};
