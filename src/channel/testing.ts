/** For tests: organisations in memory, and short names for what `channel-maker` makes of them. */
import { createHash } from "node:crypto";
import {
  type ChannelOrganisation,
  type Consenter,
  channelDraft,
  type MspContent,
  mspValue as mspValueOf,
  orderersValue as orderersValueOf,
} from "../channel-maker/channel-draft.ts";
import { type ConfigDraft, encodeConfig } from "../channel-maker/config-draft.ts";
import { makeBlock as makeBlockOf } from "../channel-maker/make-block.ts";
import { seal } from "../channel-maker/transactions.ts";
import { createSigner } from "../msp/signer.ts";
import { keyIdOf, type Made, makeCertificate, type Wish } from "../msp/testing.ts";
import { HEADER_TYPE } from "../wire/block-messages.ts";
import { encode } from "../wire/encode.ts";
import { SERIALIZED_IDENTITY } from "../wire/messages.ts";

export { oneOf, role } from "../channel-maker/config-draft.ts";
export type { ConfigDraft };

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

/** NodeOUs enabled; `changes` replace fields. */
function mspOf({ mspId, ca }: TestOrganisation, changes: MspContent = {}): MspContent {
  const unit = (organizationalUnitIdentifier: string) => ({ organizationalUnitIdentifier });
  return {
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
  };
}

/** The value `MSP` of an organisation. */
export const mspValue = (organisation: TestOrganisation, changes?: MspContent): Uint8Array =>
  mspValueOf(mspOf(organisation, changes));

export interface TestChannel {
  readonly organisations: readonly TestOrganisation[];
  readonly orderer: TestOrganisation;
  /** Given: BFT with these orderers, numbered from 1; else Raft. */
  readonly consenters?: readonly Made[];
  /** Of all anchor peers and orderers; default: a name for each. */
  readonly host?: string;
}

export function channelGroup(channel: TestChannel): ConfigDraft {
  const { organisations, orderer, consenters, host } = channel;
  const plan = {
    organisations: organisations.map((one, i) => ({
      ...ofChannel(one),
      anchors: [{ host: host ?? `peer0.org${i + 1}.example.com`, port: 7051 }],
    })),
    orderer: ofChannel(orderer),
  };
  if (consenters !== undefined) {
    return channelDraft({ ...plan, consenters: consentersOf(consenters, host), consensus: "BFT" });
  }
  return channelDraft({ ...plan, consenters: consentersOf([orderer.ca], host) });
}

const ofChannel = (organisation: TestOrganisation): ChannelOrganisation => ({
  mspId: organisation.mspId,
  msp: mspOf(organisation),
});

const consentersOf = (certificates: readonly Made[], host?: string): readonly Consenter[] =>
  certificates.map(({ pem }, i) => ({
    host: host ?? `orderer${i + 1}.example.com`,
    port: 7050,
    certificate: pem,
    tlsCertificate: pem,
  }));

export const orderersValue = (
  { mspId }: TestOrganisation,
  consenters: readonly Made[],
): Uint8Array => orderersValueOf(mspId, consentersOf(consenters));

/** An envelope with a dummy signature, which block rules ignore. */
const sealed = (type: number, channelId: string, txId: string, data: Uint8Array): Uint8Array =>
  seal({ type, channelId, txId }, data, { sign: () => bytesOf("signature") });

export const transaction = (channelId: string, text: string): Uint8Array =>
  sealed(HEADER_TYPE.endorserTransaction, channelId, text, bytesOf(text));

export const configTransaction = (
  channelId: string,
  sequence: bigint,
  tree: ConfigDraft,
): Uint8Array => sealed(HEADER_TYPE.config, channelId, "", encodeConfig(tree, sequence));

/** The signer of a block, and how the block identifies it. */
export type TestSigner =
  | { readonly identity: Uint8Array; readonly key: Made }
  /** Identified by number, as BFT orderers are. */
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

/** A block as orderers make and sign it; equal options give equal bytes except for signatures. */
export function makeBlock(wish: TestBlock): Uint8Array {
  const { number, transactions, signers = [], previousHash = new Uint8Array(32) } = wish;
  const { lastConfig = 0n, metadata = [] } = wish;
  const header = { number, previousHash, dataHash: sha256(...transactions) };
  const keys = signers.map(({ key }) => keyIdOf(key.publicKey).subarray(0, 24));
  const host = { nonce: () => keys.shift() ?? new Uint8Array(24) };
  const named = signers.map((signer) => {
    const sign = createSigner(signer.key.privateKey);
    return "id" in signer ? { id: signer.id, sign } : { creator: signer.identity, sign };
  });
  return makeBlockOf(host, { header, transactions, signers: named, lastConfig, metadata });
}

/** With low S, as Fabric demands. */
export const signBytes = ({ privateKey }: Made, payload: Uint8Array): Uint8Array =>
  createSigner(privateKey)(payload);
