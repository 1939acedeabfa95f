import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { createGrpcNetwork, type GrpcNetwork, type GrpcOptions } from "../../src/transport/grpc.ts";
import type { TlsCredentials } from "../../src/transport/tls-credentials.ts";
import { createAuthority } from "./certificates.ts";
import type { TestMember, TestNetwork } from "./suite.ts";

export const authority = await createAuthority("tls-ca");
const server = await authority.issue("server");
const client = await authority.issue("client");

/** Certificates of one authority for both roles, a chain is not demanded of diallers. */
export const TLS: TlsCredentials = {
  cert: server.cert,
  key: server.key,
  clientCert: client.cert,
  clientKey: client.key,
  rootCas: [authority.cert],
  clientAuthRequired: false,
  clientRootCas: [authority.cert],
};

export interface GrpcMember extends TestMember {
  readonly network: GrpcNetwork;
}

export interface GrpcWorld extends TestNetwork {
  grpc(options?: Partial<GrpcOptions>): GrpcMember;
}

export const MESSAGE_BYTES_MAX = 300_000;
const LIMITS = { receivedBytesMax: MESSAGE_BYTES_MAX, sentBytesMax: MESSAGE_BYTES_MAX };

export async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!isTrue() && performance.now() < deadline) await sleep(1);
  assert.ok(isTrue(), "it never became true");
}

export function createGrpcWorld(tls: TlsCredentials | undefined): GrpcWorld {
  const members: GrpcMember[] = [];
  const grpc = (options: Partial<GrpcOptions> = {}): GrpcMember => {
    const network = createGrpcNetwork({
      listen: { host: "127.0.0.1", port: 0 },
      limits: LIMITS,
      ...(tls === undefined ? {} : { tls }),
      ...options,
    });
    const member = { network, endpoint: () => `127.0.0.1:${network.port}` };
    members.push(member);
    return member;
  };
  return {
    grpc,
    member: async () => grpc(),
    rival: async ({ endpoint }) => {
      const port = Number(endpoint().split(":")[1]);
      return grpc({ listen: { host: "127.0.0.1", port } });
    },
    until,
    settle: () => sleep(25),
    nowhere: "127.0.0.1:1",
    messageBytesMax: MESSAGE_BYTES_MAX,
    async close() {
      await Promise.all(members.map(({ network }) => network.close()));
    },
  };
}
