import { Http2Server } from "../../src/grpc/http2-server.ts";
import { grpcServerContract } from "./grpc-server.contract.ts";

grpcServerContract("Http2Server", (options) => new Http2Server(options));
