import { GrpcJsServer } from "../../src/grpc/grpc-js.ts";
import { grpcServerContract } from "./grpc-server.contract.ts";

grpcServerContract("GrpcJsServer", (options) => new GrpcJsServer(options));
