import { expect } from "chai";
import { anthropicErrorBody } from "../../src/endpoints/dialects/anthropic.ts";
import { openaiErrorBody } from "../../src/endpoints/dialects/openai.ts";
import { localReplies } from "../../src/envoy/local-replies.ts";
import { type ErrorCode, GatewayError } from "../../src/lib/errors.ts";
import { aiResource, configOf } from "../config/support.ts";
import type { Loose } from "../support/client.ts";

describe("local replies", () => {
  const { mappers }: Loose = localReplies(configOf(aiResource("AIBackend", "a", "{provider: vLLM}")));

  const anthropic = mappers.slice(0, mappers.length / 2);
  const openai = mappers.slice(mappers.length / 2);

  it("are in Anthropic's dialect under its prefix, as if the exchange had written them (R159)", () => {
    for (const [index, mapper] of anthropic.entries()) {
      const { code, message } = openai[index].body_format_override.json_format.error;
      const { request_id, ...body } = mapper.body_format_override.json_format;
      expect(body).to.deep.equal(
        JSON.parse(Buffer.from(anthropicErrorBody(new GatewayError(code as ErrorCode, message))).toString()),
      );
      expect(request_id).to.equal("%REQ(X-REQUEST-ID)%");
      expect(mapper.filter.extension_filter.typed_config.expression).to.match(
        /&& request\.path\.startsWith\("\/anthropic\/"\)$/,
      );
    }
  });

  it("have the codes of our table with its types, as if the exchange had written them", () => {
    for (const mapper of openai) {
      const { code, type } = mapper.body_format_override.json_format.error;
      const ours = JSON.parse(Buffer.from(openaiErrorBody(new GatewayError(code as ErrorCode, "x"))).toString());
      expect({ code, type }).to.deep.equal({ code: ours.error.code, type: ours.error.type });
    }
  });

  it("never touch what is JSON of ours already", () => {
    for (const mapper of mappers) {
      expect(mapper.filter.extension_filter.typed_config.expression).to.match(
        /^!\(response\.code_details\.startsWith\('tollgate_'\) \|\| response\.code_details == 'request_rate_limited'\) && /,
      );
    }
  });

  it("leave nothing out: the last takes what no other took", () => {
    expect(mappers.at(-1).filter.extension_filter.typed_config.expression).to.match(/&& \(true\)$/);
  });
});
