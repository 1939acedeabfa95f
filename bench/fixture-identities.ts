/** Members that exist only as keys and certificates, and their messages. */
import { join } from "node:path";
import type { Identity } from "../src/core/types/host.ts";
import { createCrypto, type MspCrypto } from "../src/msp/crypto.ts";
import { type GeneratedOrganisation, generateOrganisation } from "../src/msp/generate.ts";
import { loadLocalMsp } from "../src/msp/load-msp.ts";
import { encode } from "../src/wire/encode.ts";
import { type Envelope, encodeEnvelope, encodeMessage } from "../src/wire/envelope.ts";
import { SECRET, type SecretEnvelope, TAG } from "../src/wire/messages.ts";
import { pkiIdBytes } from "../src/wire/received.ts";

export type Sign = (payload: Uint8Array) => Uint8Array;

export interface Fixture {
  readonly identity: Identity;
  readonly endpoint: string;
  readonly sign: Sign;
  /** Signed once, as members do, and sent with each heartbeat. */
  readonly secret: SecretEnvelope;
}

export interface Fixtures {
  readonly organisation: GeneratedOrganisation;
  readonly all: readonly Fixture[];
  readonly crypto: MspCrypto;
}

export const MSP_ID = "Org1MSP";
const INCARNATION = 1_800_000_000_000_000_000n;

/**
 * Makes keys and certificates for up to 1_000 members; about 30 ms each. Their endpoints have
 * consecutive ports.
 */
export async function makeFixtures(
  folder: string,
  count: number,
  firstPort = 20_000,
): Promise<Fixtures> {
  const organisation = await generateOrganisation({
    folder,
    domain: "org1.example.com",
    peers: count,
    users: 0,
    sans: ["127.0.0.1"],
    nowMs: Date.now(),
  });
  const all: Fixture[] = [];
  let crypto: MspCrypto | undefined;
  for (const [index, { mspFolder }] of organisation.peers.entries()) {
    const { msp, identity, signer } = await loadLocalMsp(mspFolder, MSP_ID, { wallMs: Date.now() });
    crypto ??= createCrypto([msp]);
    const sign: Sign = (payload) => {
      const signature = signer(payload);
      if (signature instanceof Promise) throw new Error("a key in memory signs at once");
      return signature;
    };
    const endpoint = `127.0.0.1:${firstPort + index}`;
    const payload = encode(SECRET, { internalEndpoint: endpoint });
    all.push({ identity, endpoint, sign, secret: { payload, signature: sign(payload) } });
  }
  return { organisation, all, crypto: crypto ?? createCrypto([]) };
}

/** Where a fixture's keys are. */
export function folderOf({ organisation }: Fixtures, index: number): string {
  return join(organisation.peersFolder, organisation.peers[index]?.name ?? "");
}

/** A heartbeat: with the certificate in the first seconds of a member, later without. */
export function aliveOf(
  { identity, endpoint, sign, secret }: Fixture,
  seqNum: bigint,
  hasIdentity = false,
): Envelope {
  const payload = encodeMessage({
    tag: TAG.empty,
    content: {
      type: "alive",
      value: {
        membership: { endpoint, pkiId: pkiIdBytes(identity.pkiId) },
        timestamp: { incNum: INCARNATION, seqNum },
        ...(hasIdentity ? { identity: identity.bytes } : {}),
      },
    },
  });
  return encodeEnvelope({ payload, signature: sign(payload), secret });
}

/** The identity item as pulls carry it. */
export function identityItemOf({ identity, sign }: Fixture): Envelope {
  const payload = encodeMessage({
    tag: TAG.empty,
    content: {
      type: "peer-identity",
      value: { pkiId: pkiIdBytes(identity.pkiId), cert: identity.bytes },
    },
  });
  return encodeEnvelope({ payload, signature: sign(payload) });
}
