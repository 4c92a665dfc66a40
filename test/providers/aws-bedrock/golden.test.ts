import { awsBedrock } from "../../../src/providers/aws-bedrock/index.ts";
import { describeGoldenCases } from "../golden.ts";

describe("golden cases: chat to AWS Bedrock", () => describeGoldenCases(awsBedrock, "aws-bedrock"));
