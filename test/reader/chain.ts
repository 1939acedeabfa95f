/** A channel of our own making: organisations, an orderer, its configuration and its blocks. */
import { createHash, createPrivateKey, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DER_TAG, encodeDer } from "../../src/msp/der.ts";
import { generateOrganisation, type Organisation } from "../../src/msp/generate.ts";
import { serializeIdentity } from "../../src/msp/identity.ts";
import { decodePem } from "../../src/msp/pem.ts";
import { createSigner } from "../../src/msp/signer.ts";
import {
  BLOCK,
  CHANNEL_HEADER,
  COMMON_ENVELOPE,
  COMMON_PAYLOAD,
  HEADER_TYPE,
  METADATA,
  ORDERER_BLOCK_METADATA,
  SIGNATURE_HEADER,
} from "../../src/wire/block-messages.ts";
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
  RAFT_METADATA,
} from "../../src/wire/config-messages.ts";
import { encode } from "../../src/wire/encode.ts";
import { FABRIC_MSP_CONFIG, MSP_CONFIG } from "../../src/wire/msp-messages.ts";
import {
  IMPLICIT_META_POLICY,
  META_RULE,
  MSP_ROLE,
  MSP_ROLE_PRINCIPAL,
  type POLICY,
  POLICY_TYPE,
  SIGNATURE_POLICY,
  SIGNATURE_POLICY_ENVELOPE,
} from "../../src/wire/policy-messages.ts";
import type { Init } from "../../src/wire/schema.ts";
import { CHAINCODE_HEADER_EXTENSION } from "../../src/wire/transaction-messages.ts";

type Group = Init<typeof CONFIG_GROUP>;

/** An organisation with its MSP id, and who signs for it. */
export interface Party {
  readonly mspId: string;
  readonly organisation: Organisation;
  /** Anchor peers, `[host, port]`. */
  readonly anchors: readonly (readonly [string, number])[];
}

/** Somebody who signs. */
export interface Author {
  readonly creator: Uint8Array;
  readonly sign: (payload: Uint8Array) => Uint8Array;
}

/** What a test changes in a configuration. */
export interface ConfigWish {
  readonly parties: readonly Party[];
  readonly orderer: Party;
  readonly capabilities?: readonly string[];
  /** PEM of revocation lists, by MSP id. */
  readonly revocationLists?: Readonly<Record<string, readonly Uint8Array[]>>;
  readonly sequence?: bigint;
}

export async function makeParty(folder: string, name: string, mspId: string): Promise<Party> {
  const organisation = await generateOrganisation({
    folder,
    domain: `${name}.example.com`,
    peers: 3,
    sans: ["localhost", "127.0.0.1"],
    nowMs: Date.now(),
  });
  return { mspId, organisation, anchors: [] };
}

/** Who signs with the certificate and key of a member folder. */
export async function authorOf(
  mspId: string,
  files: { readonly certFile: string; readonly keyFile: string },
): Promise<Author> {
  const der = decodePem(await readFile(files.certFile))?.der ?? new Uint8Array(0);
  const key = createPrivateKey(await readFile(files.keyFile));
  return { creator: serializeIdentity(mspId, der).bytes, sign: createSigner(key) };
}

const implicit = (rule: keyof typeof META_RULE, subPolicy: string) => ({
  type: POLICY_TYPE.implicitMeta,
  value: encode(IMPLICIT_META_POLICY, { rule: META_RULE[rule], subPolicy }),
});

function signedBy(mspIdentifier: string, role: keyof typeof MSP_ROLE) {
  const principal = encode(MSP_ROLE_PRINCIPAL, { mspIdentifier, role: MSP_ROLE[role] });
  const one = encode(SIGNATURE_POLICY, { type: { type: "signed-by", value: 0 } });
  const rule = encode(SIGNATURE_POLICY, {
    type: { type: "n-out-of", value: { n: 1, rules: [one] } },
  });
  const identities = [{ principalClassification: 0, principal }];
  return {
    type: POLICY_TYPE.signature,
    value: encode(SIGNATURE_POLICY_ENVELOPE, { rule, identities }),
  };
}

function policies(given: Readonly<Record<string, Init<typeof POLICY>>>): Pick<Group, "policies"> {
  return {
    policies: Object.entries(given).map(([key, policy]) => ({
      key,
      value: { policy, modPolicy: "Admins" },
    })),
  };
}

function values(given: Readonly<Record<string, Uint8Array>>): Pick<Group, "values"> {
  return {
    values: Object.entries(given).map(([key, value]) => ({
      key,
      value: { value, modPolicy: "Admins" },
    })),
  };
}

const groups = (given: Readonly<Record<string, Group>>): Pick<Group, "groups"> => ({
  groups: Object.entries(given).map(([key, group]) => ({
    key,
    value: encode(CONFIG_GROUP, group),
  })),
});

const capabilities = (names: readonly string[]): Uint8Array =>
  encode(CAPABILITIES, { capabilities: names.map((key) => ({ key, value: {} })) });

async function pems(folder: string, names: readonly string[]): Promise<Uint8Array[]> {
  return Promise.all(names.map((name) => readFile(join(folder, name))));
}

async function mspValue(
  { mspId, organisation }: Party,
  revocationList: readonly Uint8Array[] = [],
): Promise<Uint8Array> {
  const { ca, tlsCa } = organisation;
  const rootCerts = await pems("", [ca.certFile]);
  const unit = (organizationalUnitIdentifier: string) => ({
    organizationalUnitIdentifier,
    certificate: rootCerts[0] ?? new Uint8Array(0),
  });
  const config = encode(FABRIC_MSP_CONFIG, {
    name: mspId,
    rootCerts,
    tlsRootCerts: await pems("", [tlsCa.certFile]),
    revocationList,
    cryptoConfig: { signatureHashFamily: "SHA2", identityIdentifierHashFunction: "SHA256" },
    fabricNodeOus: {
      enable: true,
      clientOuIdentifier: unit("client"),
      peerOuIdentifier: unit("peer"),
      adminOuIdentifier: unit("admin"),
      ordererOuIdentifier: unit("orderer"),
    },
  });
  return encode(MSP_CONFIG, { config });
}

const ofMembers = (mspId: string) =>
  policies({
    Readers: signedBy(mspId, "member"),
    Writers: signedBy(mspId, "member"),
    Admins: signedBy(mspId, "admin"),
    Endorsement: signedBy(mspId, "peer"),
  });

const ofChannel = {
  Readers: implicit("any", "Readers"),
  Writers: implicit("any", "Writers"),
  Admins: implicit("majority", "Admins"),
};

/** The configuration of a channel with one Raft orderer organisation. */
export async function makeConfig(wish: ConfigWish): Promise<Uint8Array> {
  const { parties, orderer, sequence = 0n, revocationLists = {} } = wish;
  const { capabilities: names = ["V2_0"] } = wish;
  const application: Record<string, Group> = {};
  for (const party of parties) {
    const anchorPeers = party.anchors.map(([host, port]) => ({ host, port }));
    application[party.mspId] = {
      ...values({
        MSP: await mspValue(party, revocationLists[party.mspId]),
        ...(anchorPeers.length > 0 ? { AnchorPeers: encode(ANCHOR_PEERS, { anchorPeers }) } : {}),
      }),
      ...ofMembers(party.mspId),
      modPolicy: "Admins",
    };
  }
  const tls = await readFile(orderer.organisation.tlsCa.certFile);
  const consenters = [{ host: "127.0.0.1", port: 7050, clientTlsCert: tls, serverTlsCert: tls }];
  const ordererGroup: Group = {
    ...groups({
      [orderer.mspId]: {
        ...values({
          MSP: await mspValue(orderer),
          Endpoints: encode(ORDERER_ADDRESSES, { addresses: ["127.0.0.1:7050"] }),
        }),
        ...ofMembers(orderer.mspId),
        modPolicy: "Admins",
      },
    }),
    ...values({
      ConsensusType: encode(CONSENSUS_TYPE, {
        type: "etcdraft",
        metadata: encode(RAFT_METADATA, { consenters }),
      }),
      BatchSize: encode(BATCH_SIZE, {
        maxMessageCount: 10,
        absoluteMaxBytes: 1_000_000,
        preferredMaxBytes: 100_000,
      }),
      BatchTimeout: encode(BATCH_TIMEOUT, { timeout: "2s" }),
      Capabilities: capabilities(["V2_0"]),
    }),
    ...policies({ ...ofChannel, BlockValidation: implicit("any", "Writers") }),
    modPolicy: "Admins",
  };
  const channelGroup = encode(CONFIG_GROUP, {
    ...groups({
      Application: {
        ...groups(application),
        ...values({ Capabilities: capabilities(["V2_0"]) }),
        ...policies({ ...ofChannel, Endorsement: implicit("any", "Endorsement") }),
        modPolicy: "Admins",
      },
      Orderer: ordererGroup,
    }),
    ...values({
      HashingAlgorithm: encode(HASHING_ALGORITHM, { name: "SHA256" }),
      BlockDataHashingStructure: encode(BLOCK_DATA_HASHING_STRUCTURE, { width: 2 ** 32 - 1 }),
      Capabilities: capabilities(names),
    }),
    ...policies(ofChannel),
    modPolicy: "Admins",
  });
  return encode(CONFIG_ENVELOPE, { config: { sequence, channelGroup } });
}

/** What a test spoils in a block. */
export interface BlockWish {
  /** Envelopes; default: one transaction. */
  readonly data?: readonly Uint8Array[];
  readonly number?: bigint;
  readonly previousHash?: Uint8Array;
  readonly dataHash?: Uint8Array;
  /** Signers; default: the orderer. */
  readonly signers?: readonly Author[];
  readonly lastConfig?: bigint;
  readonly codes?: Uint8Array;
  readonly commitHash?: Uint8Array;
}

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
};

function headerDer(number: bigint, previousHash: Uint8Array, dataHash: Uint8Array): Uint8Array {
  const digits = number.toString(16);
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex");
  const positive = (bytes[0] ?? 0) >= 128 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return encodeDer(
    DER_TAG.sequence,
    encodeDer(DER_TAG.integer, positive),
    encodeDer(DER_TAG.octetString, previousHash),
    encodeDer(DER_TAG.octetString, dataHash),
  );
}

/** The chain of one channel, as its orderers make it. */
export class Chain {
  readonly name: string;
  readonly blocks: Uint8Array[] = [];
  readonly #orderer: Author;
  readonly #client: Author;
  #previousHash: Uint8Array = new Uint8Array(0);
  #lastConfig = 0n;

  constructor(name: string, orderer: Author, client: Author) {
    this.name = name;
    this.#orderer = orderer;
    this.#client = client;
  }

  get height(): bigint {
    return BigInt(this.blocks.length);
  }

  /** Adds a configuration block. */
  addConfig(config: Uint8Array, wish: BlockWish = {}): void {
    const isFirst = this.blocks.length === 0;
    const data = [this.envelope(HEADER_TYPE.config, config)];
    const lastConfig = this.height;
    this.add({ data, lastConfig, ...(isFirst ? { signers: [] } : {}), ...wish });
    this.#lastConfig = lastConfig;
  }

  addTransactions(count: number): void {
    for (let i = 0; i < count; i++) this.add();
  }

  add(wish: BlockWish = {}): void {
    this.blocks.push(this.make(wish));
    const { number = this.height - 1n } = wish;
    const { previousHash = this.#previousHash, data } = wish;
    const dataHash = wish.dataHash ?? sha256(...(data ?? [this.#made]));
    this.#previousHash = sha256(headerDer(number, previousHash, dataHash));
  }

  #made: Uint8Array = new Uint8Array(0);

  /** A block that would come next, not added. */
  make(wish: BlockWish = {}): Uint8Array {
    const { number = this.height, previousHash = this.#previousHash } = wish;
    this.#made = this.envelope(HEADER_TYPE.endorserTransaction, Buffer.from(`block ${number}`));
    const { data = [this.#made], lastConfig = this.#lastConfig } = wish;
    const { dataHash = sha256(...data), signers = [this.#orderer] } = wish;
    const value = encode(ORDERER_BLOCK_METADATA, { lastConfig: { index: lastConfig } });
    const der = headerDer(number, previousHash, dataHash);
    const signatures = signers.map(({ creator, sign }) => {
      const signatureHeader = encode(SIGNATURE_HEADER, { creator, nonce: randomBytes(24) });
      return { signatureHeader, signature: sign(Buffer.concat([value, signatureHeader, der])) };
    });
    const { codes = new Uint8Array(data.length), commitHash = sha256(der) } = wish;
    return encode(BLOCK, {
      header: { number, previousHash, dataHash },
      data: { data },
      metadata: {
        metadata: [
          encode(METADATA, { value, signatures }),
          new Uint8Array(0),
          codes,
          new Uint8Array(0),
          number === 0n ? new Uint8Array(0) : encode(METADATA, { value: commitHash }),
        ],
      },
    });
  }

  /** A signed transaction, or a configuration. */
  envelope(type: number, data: Uint8Array, channelId = this.name): Uint8Array {
    const { creator, sign } = this.#client;
    const nonce = randomBytes(24);
    const txId =
      type === HEADER_TYPE.config ? "" : createHash("sha256").update(nonce).digest("hex");
    const chaincodeId = { name: "kv" };
    const channelHeader = encode(CHANNEL_HEADER, {
      type,
      channelId,
      txId,
      timestamp: { seconds: BigInt(Math.trunc(Date.now() / 1_000)) },
      ...(type === HEADER_TYPE.endorserTransaction
        ? { extension: encode(CHAINCODE_HEADER_EXTENSION, { chaincodeId }) }
        : {}),
    });
    const signatureHeader = encode(SIGNATURE_HEADER, { creator, nonce });
    const payload = encode(COMMON_PAYLOAD, { header: { channelHeader, signatureHeader }, data });
    return encode(COMMON_ENVELOPE, { payload, signature: sign(payload) });
  }
}
