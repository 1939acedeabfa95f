/** For tests: organisations, configurations and blocks of their own making, signed by real keys. */
import { createHash } from "node:crypto";
import { createSigner } from "../msp/signer.ts";
import { keyIdOf, type Made, makeCertificate, type Wish } from "../msp/testing.ts";
import {
  BLOCK,
  CHANNEL_HEADER,
  COMMON_ENVELOPE,
  COMMON_PAYLOAD,
  HEADER_TYPE,
  IDENTIFIER_HEADER,
  METADATA,
  ORDERER_BLOCK_METADATA,
  SIGNATURE_HEADER,
} from "../wire/block-messages.ts";
import {
  ANCHOR_PEERS,
  BATCH_SIZE,
  BATCH_TIMEOUT,
  BLOCK_DATA_HASHING_STRUCTURE,
  CAPABILITIES,
  CONFIG_ENVELOPE,
  CONFIG_GROUP,
  CONSENSUS_TYPE,
  HASHING_ALGORITHM,
  ORDERER_ADDRESSES,
  ORDERERS,
} from "../wire/config-messages.ts";
import { encode } from "../wire/encode.ts";
import { SERIALIZED_IDENTITY } from "../wire/messages.ts";
import { FABRIC_MSP_CONFIG, MSP_CONFIG } from "../wire/msp-messages.ts";
import {
  IMPLICIT_META_POLICY,
  META_RULE,
  type MSP_PRINCIPAL,
  MSP_ROLE,
  MSP_ROLE_PRINCIPAL,
  type POLICY,
  POLICY_TYPE,
  PRINCIPAL,
  SIGNATURE_POLICY,
  SIGNATURE_POLICY_ENVELOPE,
} from "../wire/policy-messages.ts";
import type { Init } from "../wire/schema.ts";
import { headerBytes } from "./rules/header-hash.ts";

/** Text of a test as bytes. */
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** An organisation with one CA. */
export interface TestOrganisation {
  readonly mspId: string;
  readonly ca: Made;
  /** A member by its organisational units; `peer` alone by default. */
  readonly member: (commonName: string, units?: readonly string[], wish?: Partial<Wish>) => Made;
  /** A serialized identity. */
  readonly identity: (member: Made) => Uint8Array;
}

export function makeOrganisation(mspId: string): TestOrganisation {
  const ca = makeCertificate({ commonName: `ca.${mspId}`, isCa: true });
  return {
    mspId,
    ca,
    member: (commonName, units = ["peer"], wish = {}) =>
      makeCertificate({ commonName, units, issuer: ca, ...wish }),
    identity: (member) => encode(SERIALIZED_IDENTITY, { mspid: mspId, idBytes: member.pem }),
  };
}

type FabricMsp = Init<typeof FABRIC_MSP_CONFIG>;

/** The value `MSP` of an organisation, NodeOUs enabled; `changes` replace fields. */
export function mspValue({ mspId, ca }: TestOrganisation, changes: FabricMsp = {}): Uint8Array {
  const unit = (organizationalUnitIdentifier: string) => ({ organizationalUnitIdentifier });
  const config = encode(FABRIC_MSP_CONFIG, {
    name: mspId,
    rootCerts: [ca.pem],
    fabricNodeOus: {
      enable: true,
      clientOuIdentifier: unit("client"),
      peerOuIdentifier: unit("peer"),
      adminOuIdentifier: unit("admin"),
      ordererOuIdentifier: unit("orderer"),
    },
    ...changes,
  });
  return encode(MSP_CONFIG, { type: 0, config });
}

/** A tree that tests change before it is encoded. */
export interface TestGroup {
  groups: Record<string, TestGroup>;
  values: Record<string, Uint8Array>;
  policies: Record<string, Init<typeof POLICY> | undefined>;
}

export const group = (parts: Partial<TestGroup> = {}): TestGroup => ({
  groups: {},
  values: {},
  policies: {},
  ...parts,
});

export function encodeGroup({ groups, values, policies }: TestGroup): Uint8Array {
  const modPolicy = "Admins";
  return encode(CONFIG_GROUP, {
    groups: Object.entries(groups).map(([key, inner]) => ({ key, value: encodeGroup(inner) })),
    values: Object.entries(values).map(([key, value]) => ({ key, value: { value, modPolicy } })),
    policies: Object.entries(policies).map(([key, policy]) => ({
      key,
      value: { policy, modPolicy },
    })),
    modPolicy,
  });
}

export const metaPolicy = (rule: keyof typeof META_RULE, subPolicy: string) => ({
  type: POLICY_TYPE.implicitMeta,
  value: encode(IMPLICIT_META_POLICY, { rule: META_RULE[rule], subPolicy }),
});

type Principal = Init<typeof MSP_PRINCIPAL>;

export const role = (mspIdentifier: string, name: keyof typeof MSP_ROLE): Principal => ({
  principalClassification: PRINCIPAL.role,
  principal: encode(MSP_ROLE_PRINCIPAL, { mspIdentifier, role: MSP_ROLE[name] }),
});

export const signedBy = (principal: number): Uint8Array =>
  encode(SIGNATURE_POLICY, { type: { type: "signed-by", value: principal } });

export const outOf = (n: number, ...rules: readonly Uint8Array[]): Uint8Array =>
  encode(SIGNATURE_POLICY, { type: { type: "n-out-of", value: { n, rules } } });

export const signaturePolicy = (rule: Uint8Array, identities: readonly Principal[]) => ({
  type: POLICY_TYPE.signature,
  value: encode(SIGNATURE_POLICY_ENVELOPE, { rule, identities }),
});

export const oneOf = (...identities: readonly Principal[]) =>
  signaturePolicy(outOf(1, ...identities.map((_, i) => signedBy(i))), identities);

export const capabilities = (...names: readonly string[]): Uint8Array =>
  encode(CAPABILITIES, { capabilities: names.map((key) => ({ key, value: {} })) });

function organisationGroup(
  organisation: TestOrganisation,
  values: Record<string, Uint8Array>,
): TestGroup {
  const { mspId } = organisation;
  return group({
    values: { MSP: mspValue(organisation), ...values },
    policies: {
      Readers: oneOf(role(mspId, "member")),
      Writers: oneOf(role(mspId, "member")),
      Admins: oneOf(role(mspId, "admin")),
    },
  });
}

const metaPolicies = () => ({
  Readers: metaPolicy("any", "Readers"),
  Writers: metaPolicy("any", "Writers"),
  Admins: metaPolicy("majority", "Admins"),
});

export interface TestChannel {
  readonly organisations: readonly TestOrganisation[];
  readonly orderer: TestOrganisation;
  /** Given: BFT with these orderers, numbered from 1; else Raft. */
  readonly consenters?: readonly Made[];
}

/** What `configtxgen` makes of a usual profile. */
export function channelGroup({ organisations, orderer, consenters }: TestChannel): TestGroup {
  const isBft = consenters !== undefined;
  const identities = (consenters ?? []).map((one) => ({
    principalClassification: PRINCIPAL.identity,
    principal: orderer.identity(one),
  }));
  const quorum = Math.ceil((identities.length + Math.floor((identities.length - 1) / 3) + 1) / 2);
  const ordererGroup = group({
    groups: {
      [orderer.mspId]: organisationGroup(orderer, {
        Endpoints: encode(ORDERER_ADDRESSES, { addresses: ["orderer.example.com:7050"] }),
      }),
    },
    values: {
      ConsensusType: encode(CONSENSUS_TYPE, { type: isBft ? "BFT" : "etcdraft" }),
      BatchSize: encode(BATCH_SIZE, {
        maxMessageCount: 500,
        absoluteMaxBytes: 10_485_760,
        preferredMaxBytes: 2_097_152,
      }),
      BatchTimeout: encode(BATCH_TIMEOUT, { timeout: "2s" }),
      Capabilities: capabilities("V2_0"),
      ...(isBft ? { Orderers: orderersValue(orderer, consenters) } : {}),
    },
    policies: {
      ...metaPolicies(),
      BlockValidation: isBft
        ? signaturePolicy(outOf(quorum, ...identities.map((_, i) => signedBy(i))), identities)
        : metaPolicy("any", "Writers"),
    },
  });
  const application = group({
    groups: Object.fromEntries(
      organisations.map((one, i) => [
        one.mspId,
        organisationGroup(one, { AnchorPeers: anchor(i) }),
      ]),
    ),
    values: { Capabilities: capabilities("V2_5") },
    policies: metaPolicies(),
  });
  return group({
    groups: { Orderer: ordererGroup, Application: application },
    values: {
      HashingAlgorithm: encode(HASHING_ALGORITHM, { name: "SHA256" }),
      BlockDataHashingStructure: encode(BLOCK_DATA_HASHING_STRUCTURE, { width: 0xffff_ffff }),
      Capabilities: capabilities(isBft ? "V3_0" : "V2_0"),
    },
    policies: metaPolicies(),
  });
}

const anchor = (i: number): Uint8Array =>
  encode(ANCHOR_PEERS, { anchorPeers: [{ host: `peer0.org${i + 1}.example.com`, port: 7051 }] });

export function orderersValue(orderer: TestOrganisation, consenters: readonly Made[]): Uint8Array {
  const consenterMapping = consenters.map((one, i) => ({
    id: i + 1,
    host: `orderer${i + 1}.example.com`,
    port: 7050,
    mspId: orderer.mspId,
    identity: one.pem,
  }));
  return encode(ORDERERS, { consenterMapping });
}

/** An envelope with these parts of its channel header; signed by nobody, which no block minds. */
export function envelope(
  channelHeader: Init<typeof CHANNEL_HEADER>,
  data: Uint8Array,
  signature: Uint8Array = bytesOf("signature"),
): Uint8Array {
  const header = { channelHeader: encode(CHANNEL_HEADER, channelHeader) };
  return encode(COMMON_ENVELOPE, { payload: encode(COMMON_PAYLOAD, { header, data }), signature });
}

export const transaction = (channelId: string, text: string): Uint8Array =>
  envelope({ type: HEADER_TYPE.endorserTransaction, channelId, txId: text }, bytesOf(text));

export function configTransaction(
  channelId: string,
  sequence: bigint,
  tree: TestGroup,
): Uint8Array {
  const config = { sequence, channelGroup: encodeGroup(tree) };
  return envelope({ type: HEADER_TYPE.config, channelId }, encode(CONFIG_ENVELOPE, { config }));
}

/** Who signs a block, and how it is named. */
export type TestSigner =
  | { readonly identity: Uint8Array; readonly key: Made }
  /** By its number, as BFT orderers do. */
  | { readonly id: number; readonly key: Made };

export interface TestBlock {
  readonly number: bigint;
  readonly transactions: readonly Uint8Array[];
  readonly signers?: readonly TestSigner[];
  readonly previousHash?: Uint8Array;
  /** Number of the newest configuration block. */
  readonly lastConfig?: bigint;
  /** Elements after the signatures. */
  readonly metadata?: readonly Uint8Array[];
}

export const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const digest = createHash("sha256");
  for (const part of parts) digest.update(part);
  return new Uint8Array(digest.digest());
};

/** A block as orderers make and sign it. */
export function makeBlock(wish: TestBlock): Uint8Array {
  const { number, transactions, signers = [], previousHash = new Uint8Array(32) } = wish;
  const header = { number, previousHash, dataHash: sha256(...transactions) };
  const value = encode(ORDERER_BLOCK_METADATA, { lastConfig: { index: wish.lastConfig ?? 0n } });
  const signatures = signers.map((signer) => signBlock(signer, value, headerBytes(header)));
  const metadata = [encode(METADATA, { value, signatures }), ...(wish.metadata ?? [])];
  return encode(BLOCK, { header, data: { data: transactions }, metadata: { metadata } });
}

function signBlock(signer: TestSigner, value: Uint8Array, header: Uint8Array) {
  const nonce = keyIdOf(signer.key.publicKey).subarray(0, 24);
  const [name, head] =
    "id" in signer
      ? (["identifierHeader", encode(IDENTIFIER_HEADER, { identifier: signer.id, nonce })] as const)
      : ([
          "signatureHeader",
          encode(SIGNATURE_HEADER, { creator: signer.identity, nonce }),
        ] as const);
  return { [name]: head, signature: signBytes(signer.key, Buffer.concat([value, head, header])) };
}

/** With low S, as Fabric demands. */
export function signBytes({ privateKey }: Made, payload: Uint8Array): Uint8Array {
  const signature = createSigner(privateKey)(payload);
  if (signature instanceof Promise) throw new Error("signs at once");
  return signature;
}
