import { expect } from "chai";
import { encodeFrame, exceptionFrame } from "../../../src/mocks/aws-bedrock/frames.ts";

describe("frames of the AWS Bedrock mock", () => {
  it("are the bytes of the specification's vectors (§3.3)", () => {
    const event = encodeFrame(
      { ":event-type": "messageStart", ":content-type": "application/json", ":message-type": "event" },
      Buffer.from('{"role":"assistant"}'),
    );
    expect(event.toString("base64")).to.equal(
      "AAAAdgAAAFKW1freCzpldmVudC10eXBlBwAMbWVzc2FnZVN0YXJ0DTpjb250ZW50LXR5cGUHABBhcHBsaWNhdGlvbi9qc29uDTptZXNzYWdlLXR5cGUHAAVldmVudHsicm9sZSI6ImFzc2lzdGFudCJ9b6jFmQ==",
    );
    expect(exceptionFrame("throttlingException", "Too many tokens").toString("base64")).to.equal(
      "AAAAjgAAAGFRQYBUDzpleGNlcHRpb24tdHlwZQcAE3Rocm90dGxpbmdFeGNlcHRpb24NOmNvbnRlbnQtdHlwZQcAEGFwcGxpY2F0aW9uL2pzb24NOm1lc3NhZ2UtdHlwZQcACWV4Y2VwdGlvbnsibWVzc2FnZSI6IlRvbyBtYW55IHRva2VucyJ9yBsewQ==",
    );
    const error = { ":message-type": "error", ":error-code": "InternalError", ":error-message": "boom" };
    expect(encodeFrame(error, Buffer.alloc(0)).toString("base64")).to.equal(
      "AAAAWAAAAEgVRpLBDTptZXNzYWdlLXR5cGUHAAVlcnJvcgs6ZXJyb3ItY29kZQcADUludGVybmFsRXJyb3IOOmVycm9yLW1lc3NhZ2UHAARib29tlhy0Vg==",
    );
  });
});
