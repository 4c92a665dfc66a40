import { expect } from "chai";
import fc from "fast-check";
import { GatewayError } from "../../../src/lib/errors.ts";
import { stringifyRaw } from "../../../src/lib/raw-json.ts";
import { convertToConverseMessages } from "../../../src/providers/aws-bedrock/convert-to-converse-messages.ts";
import { readChatRequest } from "../../../src/providers/common/chat-request.ts";
import { Warnings } from "../../../src/providers/common/warnings.ts";
import { chatClientRequest } from "../common/attempt.ts";

type Block = Readonly<Record<string, unknown>>;

interface Converted {
  readonly system: readonly Block[];
  readonly messages: readonly { readonly role: string; readonly content: readonly Block[] }[];
  readonly codes: readonly string[];
  readonly text: string;
}

function convertText(body: string): Converted {
  const warnings = new Warnings();
  const chat = readChatRequest(chatClientRequest(body), "Acme", warnings);
  const text = stringifyRaw({ ...convertToConverseMessages(chat.messages, { schema: "Acme", warnings }) });
  return { ...(JSON.parse(text) as object), codes: warnings.codes, text } as Converted;
}

function convert(...messages: readonly object[]): Converted {
  return convertText(JSON.stringify({ model: "m", messages }));
}

function refusal(...messages: readonly object[]): GatewayError {
  try {
    convert(...messages);
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown;
    throw thrown;
  }
  throw new Error("the messages were not refused");
}

const mark = { type: "ephemeral", ttl: "1h" };
const hello = { role: "user", content: "Hi" };
const point = { cachePoint: { type: "default", ttl: "1h" } };

function call(...ids: readonly string[]) {
  const tool_calls = ids.map((id) => ({ id, type: "function", function: { name: "f", arguments: "{}" } }));
  return { role: "assistant", tool_calls };
}

function result(id: string, content: unknown = "ok", more: object = {}) {
  return { role: "tool", tool_call_id: id, content, ...more };
}

function user(...content: readonly object[]) {
  return { role: "user", content };
}

function image(url: string) {
  return { type: "image_url", image_url: { url } };
}

function file(filename: string | undefined, file_data = "data:application/pdf;base64,JVBERi0=") {
  return { type: "file", file: { filename, file_data } };
}

function documentNames(...filenames: readonly (string | undefined)[]): readonly string[] {
  const [message] = convert(user(...filenames.map((filename) => file(filename)))).messages;
  const documents = message?.content.flatMap((block) => (block["document"] as { name: string } | undefined) ?? []);
  return documents?.map(({ name }) => name) ?? [];
}

describe("convertToConverseMessages", () => {
  it("makes a block of each system part, joining nothing (R65)", () => {
    const parts = [
      { type: "text", text: "a" },
      { type: "text", text: "b" },
    ];
    const { system } = convert({ role: "system", content: parts }, { role: "developer", content: "c" }, hello);
    expect(system).to.deep.equal([{ text: "a" }, { text: "b" }, { text: "c" }]);
  });

  it("hoists a later system message with a warning: the API has no other place for it (R66)", () => {
    const { system, messages, codes } = convert(hello, { role: "system", content: "later" }, hello);
    expect(system).to.deep.equal([{ text: "later" }]);
    expect(messages).to.have.length(1);
    expect(codes).to.deep.equal(["system_message_hoisted"]);
  });

  it("puts results of parallel calls and the user's words into one message, results first (R67)", () => {
    const { messages } = convert(
      hello,
      call("a", "b"),
      result("a"),
      { role: "user", content: "And?" },
      result("b"),
      hello,
    );
    expect(messages.map(({ role }) => role)).to.deep.equal(["user", "assistant", "user"]);
    expect(messages[2]?.content).to.deep.equal([
      { toolResult: { toolUseId: "a", content: [{ text: "ok" }] } },
      { toolResult: { toolUseId: "b", content: [{ text: "ok" }] } },
      { text: "And?" },
      { text: "Hi" },
    ]);
  });

  it("alternates the roles, whatever the client's order, and loses no text (R70)", () => {
    const roles = fc.constantFrom("user", "assistant", "system", "developer");
    fc.assert(
      fc.property(fc.array(roles, { minLength: 1, maxLength: 12 }), (order) => {
        const sent = [...order.map((role, index) => ({ role, content: `t${index}` })), hello];
        const { messages, system } = convert(...sent);
        for (const [index, { role }] of messages.entries()) expect(role).not.to.equal(messages[index + 1]?.role);
        const texts = [...system, ...messages.flatMap(({ content }) => content)].map((block) => block["text"]);
        expect(texts).to.have.members(sent.map(({ content }) => content));
      }),
    );
  });

  it("sends all parts of a tool message (R68), errors only by the vendor's flag (R69)", () => {
    const parts = [{ type: "text", text: "1" }, { type: "text", text: " " }, image("data:image/png;base64,AAAA")];
    const { messages } = convert(
      call("a", "b"),
      result("a", parts),
      result("b", '{"error":"x"}', { is_error: false }),
      result("c", "no", { is_error: true }),
    );
    expect(messages[1]?.content).to.deep.equal([
      {
        toolResult: {
          toolUseId: "a",
          content: [{ text: "1" }, { image: { format: "png", source: { bytes: "AAAA" } } }],
        },
      },
      { toolResult: { toolUseId: "b", content: [{ text: '{"error":"x"}' }] } },
      { toolResult: { toolUseId: "c", content: [{ text: "no" }], status: "error" } },
    ]);
  });

  it("never sends null or blank content, but the empty text that an empty result needs (R71, R72)", () => {
    const { messages, text } = convert(
      { role: "system", content: " " },
      hello,
      { role: "assistant", content: " \n", refusal: "" },
      { role: "assistant", content: null },
      call("a"),
      result("a", null),
    );
    expect(messages[2]?.content).to.deep.equal([{ toolResult: { toolUseId: "a", content: [{ text: "" }] } }]);
    expect(messages).to.have.length(3);
    expect(text).not.to.match(/null|"content":\[\]/);
  });

  for (const content of ["", " ", [], [{ type: "text", text: "\t" }], null]) {
    it(`refuses a user message of ${JSON.stringify(content)} (R71, R168)`, () => {
      expect(refusal(hello, { role: "user", content })).to.include({
        code: "empty_message",
        status: 422,
        param: "messages[1]",
      });
    });
  }

  it("refuses a conversation of system messages only", () => {
    expect(refusal({ role: "system", content: "a" })).to.include({ code: "no_messages", param: "messages" });
  });

  it("copies arguments byte for byte, makes {} of blank ones and wraps invalid ones (R73, R75)", () => {
    const exact = '{ "z":1.0, "a":12345678901234567890,"a":"\\u00e9\\/" }';
    const bodyOf = (text: string) =>
      `{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":${JSON.stringify(text)}}}]}]}`;
    expect(convertText(bodyOf(exact)).text).to.include(`"input":${exact}}`);
    expect(convertText(bodyOf(" \n")).text).to.include('"input":{}');
    const wrapped = convertText(bodyOf("[1"));
    expect(wrapped.text).to.include('"input":{"_invalid_arguments":"[1"}');
    expect(wrapped.codes).to.deep.equal(["tool_arguments_wrapped"]);
  });

  it("rewrites ids that are illegal or longer than 64 alike in call and result, and no others (R85)", () => {
    const long = "x".repeat(65);
    const { messages, codes } = convert(call("a-B_9", long, "c.d"), result(long), result("a-B_9"), result("c.d"));
    const ids = (index: number, member: string) =>
      messages[index]?.content.map((block) => (block[member] as { toolUseId: string }).toolUseId) ?? [];
    const [legal, shortened, replaced] = ids(0, "toolUse");
    expect([legal, replaced]).to.deep.equal(["a-B_9", "c_d"]);
    expect(shortened).to.match(/^x{55}-[0-9a-f]{8}$/);
    expect(ids(1, "toolResult")).to.deep.equal([shortened, legal, replaced]);
    expect(codes).to.deep.equal(["tool_ids_rewritten"]);
  });

  it("refuses an image by its URL, whatever the URL looks like, and names the part (R86, R89)", () => {
    for (const url of ["https://example.com/a.png", "http://x/a.pdf?b=c.png#d", "gs://b/a.png", "a.png", ""]) {
      const error = refusal(user({ type: "text", text: "Look" }, image(url)));
      expect(error).to.include({ code: "image_url_not_supported", status: 422, param: "messages[0].content[1]" });
      expect(error.message).to.equal(
        "messages[0].content[1]: image URLs are not supported by Acme; send the image as a data URI",
      );
    }
  });

  it("sends images of the four types, named without parameters (R54)", () => {
    const sent = ["image/png", "image/jpeg", "image/JPG;charset=x", "image/gif", "image/webp"];
    const { messages } = convert(user(...sent.map((type) => image(`data:${type};base64,AAAA`))));
    const formats = messages[0]?.content.map((block) => (block["image"] as { format: string }).format);
    expect(formats).to.deep.equal(["png", "jpeg", "jpeg", "gif", "webp"]);
  });

  it("refuses images of other types (R87)", () => {
    for (const type of ["image/tiff", "image/svg+xml", "text/plain", ""]) {
      expect(refusal(user(image(`data:${type};base64,AAAA`)))).to.include({
        code: "unsupported_media_type",
        param: "messages[0].content[0]",
      });
    }
  });

  it("sends sound of two formats and refuses every other part that it does not know (R88)", () => {
    const audio = (format: string) => ({ type: "input_audio", input_audio: { data: "UklGRg==", format } });
    const { messages } = convert(user(audio("wav"), audio("mp3")));
    expect(messages[0]?.content[1]).to.deep.equal({ audio: { format: "mp3", source: { bytes: "UklGRg==" } } });
    expect(refusal(user(audio("flac"))).code).to.equal("unsupported_media_type");
    expect(refusal(user({ type: "video_url", video_url: {} })).code).to.equal("unsupported_content_part");
    expect(refusal(user({ type: "file", file: { file_id: "f" } })).code).to.equal("file_id_not_supported");
  });

  it("knows documents by their media type, else by their file's extension", () => {
    const format = (part: object) => {
      const [block] = convert(user(part)).messages[0]?.content ?? [];
      return (block?.["document"] as { format: string } | undefined)?.format;
    };
    expect(format(file("a.csv"))).to.equal("pdf");
    expect(format(file("a.DOCX", "data:application/octet-stream;base64,AAAA"))).to.equal("docx");
    expect(format(file(undefined, "data:text/markdown,%23"))).to.equal("md");
    expect(format(image("data:application/pdf;base64,AAAA"))).to.equal("pdf");
    for (const name of ["a.zip", "docx", undefined]) {
      expect(refusal(user(file(name, "data:application/zip;base64,AAAA"))).code).to.equal("unsupported_media_type");
    }
  });

  it("names documents as the API allows, each once in the request (R90)", () => {
    expect(documentNames("Q3_report (final).v2.pdf", "Q3 report  (final) v2.pdf", "报告.pdf", undefined)).to.deep.equal(
      ["Q3 report (final) v2", "Q3 report (final) v2-2", "document", "document-2"],
    );
    const long = `${"x".repeat(197)} y z.pdf`;
    expect(documentNames(long, long)).to.deep.equal([`${"x".repeat(197)} y`, `${"x".repeat(197)}-2`]);
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme", maxLength: 260 }), { minLength: 1, maxLength: 5 }),
        (names) => {
          const sent = documentNames(...names, ...names);
          expect(new Set(sent).size).to.equal(2 * names.length);
          for (const name of sent) {
            expect(name)
              .to.match(/^[A-Za-z0-9()[\]-]+(?: [A-Za-z0-9()[\]-]+)*$/)
              .and.have.length.at.most(200);
          }
        },
      ),
    );
  });

  it("puts a text beside a document that has none", () => {
    expect(convert(user(file("a.pdf"))).messages[0]?.content[1]).to.deep.equal({ text: "." });
    expect(convert(user(file("a.pdf")), hello).messages[0]?.content).to.have.length(2);
    const second = convert(hello, { role: "assistant", content: "a" }, user(file("a.pdf"))).messages[2];
    expect(second?.content[1]).to.deep.equal({ text: "." });
  });

  it("makes a cache point after what was marked, with its time to live (R91)", () => {
    const { system, messages } = convert(
      { role: "system", content: "s", cache_control: mark },
      user({ type: "text", text: "a", cache_control: mark }, { type: "text", text: "b" }),
      { ...call("x"), content: "c", cache_control: mark },
      result("x", [
        { type: "text", text: "d", cache_control: mark },
        { type: "text", text: "e" },
      ]),
      { role: "user", content: "f", cache_control: mark },
    );
    expect(system).to.deep.equal([{ text: "s" }, point]);
    expect(messages[0]?.content).to.deep.equal([{ text: "a" }, point, { text: "b" }]);
    expect(messages[1]?.content.slice(1)).to.deep.equal([{ toolUse: { toolUseId: "x", name: "f", input: {} } }, point]);
    expect(messages[2]?.content.slice(1)).to.deep.equal([point, { text: "f" }, point]);
  });

  it("makes one cache point of a mark on a part and on its message, and reports one that marks nothing (R91)", () => {
    const { messages, codes } = convert(
      { ...user({ type: "text", text: "a", cache_control: { type: "ephemeral" } }), cache_control: mark },
      { role: "assistant", content: " ", cache_control: mark },
    );
    expect(messages).to.deep.equal([{ role: "user", content: [{ text: "a" }, { cachePoint: { type: "default" } }] }]);
    expect(codes).to.deep.equal(["dropped:cache_control"]);
  });

  it("takes prompt_cache_breakpoint for a mark (R92)", () => {
    const { messages } = convert(user({ type: "text", text: "a", prompt_cache_breakpoint: { mode: "explicit" } }));
    expect(messages[0]?.content[1]).to.deep.equal({ cachePoint: { type: "default" } });
  });

  it("sends thinking before text before calls, text and signature byte for byte (R98, R100)", () => {
    const { text } = convertText(
      `{"model":"m","messages":[{"role":"assistant","content":"c","thinking_blocks":[{"type":"thinking","thinking":"caf\\u00e9 \\/","signature":"Eq+\\/=="},{"type":"redacted_thinking","data":"EmwK+/=="}],"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":""}}]}]}`,
    );
    expect(text).to.include(
      '"content":[{"reasoningContent":{"reasoningText":{"text":"caf\\u00e9 \\/","signature":"Eq+\\/=="}}},{"reasoningContent":{"redactedContent":"EmwK+/=="}},{"text":"c"},{"toolUse":',
    );
  });

  it("drops thinking that another model signed, or none (R99)", () => {
    const thinking_blocks = [
      { type: "thinking", thinking: "a", signature: "tg1.gemini.x" },
      { type: "thinking", thinking: "b", signature: "" },
    ];
    const { messages, codes } = convert(hello, { role: "assistant", content: "c", thinking_blocks });
    expect(messages[1]?.content).to.deep.equal([{ text: "c" }]);
    expect(codes).to.deep.equal(["foreign_thinking_dropped", "unsigned_thinking_dropped"]);
  });
});
