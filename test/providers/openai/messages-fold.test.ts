import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { checkBlocks, foldMessagesStream } from "../common/messages/sdk-fold.ts";

const root = "test/fixtures/providers/openai/from-messages";

function read(name: string, file: string): string {
  return readFileSync(join(root, name, file), "utf8");
}

const folders = readdirSync(root);
const streams = folders.filter((name) => existsSync(join(root, name, "client-response.sse")));
const pairs = folders.filter((name) => name.endsWith("-json") && folders.includes(name.replace(/json$/, "stream")));

describe("messages answers of OpenAI as stream and as JSON", () => {
  it("exist in both kinds", () => expect(pairs).to.have.length.above(15));

  for (const pair of pairs) {
    const name = pair.slice(0, -"-json".length);
    it(`fold to the same message, as Anthropic's own client reads them: ${name} (R143)`, async () => {
      const folded = await foldMessagesStream(read(`${name}-stream`, "client-response.sse"));
      const whole = JSON.parse(read(pair, "client-response.json")) as Record<string, unknown>;
      const { parsed_output, ...message } = folded;
      expect(message).to.deep.equal(whole);
      expect(parsed_output ?? null).to.equal(null);
    });
  }

  for (const name of streams) {
    it(`have whole blocks, or an error as their last event: ${name} (R134, R154)`, async () => {
      const stream = read(name, "client-response.sse");
      checkBlocks(stream);
      const error = stream.indexOf("event: error\n");
      if (error < 0) expect(stream).to.match(/event: message_stop\ndata: \{"type":"message_stop"\}\n\n$/);
      else expect(stream.slice(error)).to.match(/^event: error\ndata: [^\n]*\n\n$/);
    });
  }
});
