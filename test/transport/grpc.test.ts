import { createGrpcWorld, TLS } from "./grpc-world.ts";
import { networkSuite } from "./suite.ts";

networkSuite("gRPC over TLS", async () => createGrpcWorld(TLS));
networkSuite("gRPC without TLS", async () => createGrpcWorld(undefined));
