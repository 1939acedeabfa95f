/** A node's parts for tests: a made-up identity on a network in memory. */

import {
  type TestCrypto,
  testCrypto,
  testIdentity,
  testSignature,
} from "../core/testing-identities.ts";
import type { Identity, Signer } from "../core/types/host.ts";
import { DEFAULT_CORE_LIMITS, DEFAULT_FANOUT, DEFAULT_TIMING } from "../core/types/options.ts";
import type { MemoryHub } from "../transport/memory.ts";
import type { Clock } from "../transport/network.ts";
import { createSeededRandom } from "../transport/testing.ts";
import type { NodeParts } from "./options.ts";

export interface TestPartsOptions {
  readonly clock: Clock;
  readonly hub: MemoryHub;
  readonly bootstrap?: readonly string[];
  readonly signer?: Signer | undefined;
  readonly seed?: number;
}

export interface TestParts extends NodeParts {
  readonly crypto: TestCrypto;
  readonly identity: Identity;
}

/** The parts of the node of this name in organisation A, at `NAME:1`. */
export function testParts(
  name: string,
  { clock, hub, bootstrap = [], signer, seed = 1 }: TestPartsOptions,
): TestParts {
  const identity = testIdentity("A", name);
  const endpoint = `${name}:1`;
  return {
    identity,
    core: {
      self: identity,
      internalEndpoint: endpoint,
      externalEndpoint: "",
      metadata: new Uint8Array(0),
      bootstrap,
      anchorPeers: [],
      lastIncarnation: 0n,
      timing: DEFAULT_TIMING,
      fanout: DEFAULT_FANOUT,
      limits: DEFAULT_CORE_LIMITS,
      random: createSeededRandom(seed),
    },
    crypto: testCrypto("A"),
    signer: signer ?? ((payload) => testSignature(identity.pkiId, payload)),
    network: hub.network({ endpoints: [endpoint], certificate: identity.bytes }),
    clock,
    connections: {},
  };
}
