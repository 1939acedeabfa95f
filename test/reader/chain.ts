/** A channel of our own making: organisations with keys in files, an orderer, and a chain that is kept. */
import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { ChainMaker } from "../../src/channel-maker/chain.ts";
import { channelDraft } from "../../src/channel-maker/channel-draft.ts";
import type { ConfigDraft } from "../../src/channel-maker/config-draft.ts";
import type { MakerHost, TransactionAuthor } from "../../src/channel-maker/transactions.ts";
import { exportMsp } from "../../src/msp/export-msp.ts";
import { type GeneratedOrganisation, generateOrganisation } from "../../src/msp/generate.ts";

/** An organisation with its MSP id, and who signs for it. */
export interface Party {
  readonly mspId: string;
  readonly organisation: GeneratedOrganisation;
  /** Anchor peers, `[host, port]`. */
  readonly anchors: readonly (readonly [string, number])[];
}

/** What a test changes in a configuration. */
export interface ConfigWish {
  readonly parties: readonly Party[];
  readonly orderer: Party;
  readonly capabilities?: readonly string[];
  /** PEM of revocation lists, by MSP id. */
  readonly revocationLists?: Readonly<Record<string, readonly Uint8Array[]>>;
}

export const MAKER_HOST: MakerHost = {
  sha256(parts) {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    return new Uint8Array(hash.digest());
  },
  nonce: () => new Uint8Array(randomBytes(24)),
  wallMs: () => Date.now(),
};

export async function makeParty(
  folder: string,
  name: string,
  mspId: string,
  kind: "peer" | "orderer" = "peer",
): Promise<Party> {
  const organisation = await generateOrganisation({
    folder,
    domain: `${name}.example.com`,
    kind,
    peers: 3,
    sans: ["localhost", "127.0.0.1"],
    nowMs: Date.now(),
  });
  return { mspId, organisation, anchors: [] };
}

/** The configuration of a channel with one Raft orderer organisation. */
export async function makeConfig(wish: ConfigWish): Promise<ConfigDraft> {
  const { parties, orderer, revocationLists = {} } = wish;
  const describe = async ({ mspId, organisation, anchors }: Party) => ({
    mspId,
    msp: {
      ...(await exportMsp(organisation.mspFolder, mspId)),
      revocationList: revocationLists[mspId] ?? [],
    },
    anchors: anchors.map(([host, port]) => ({ host, port })),
  });
  const [files] = orderer.organisation.peers;
  if (files === undefined) throw new Error("no orderer");
  const certificate = await readFile(files.certFile);
  const tlsCertificate = await readFile(files.tlsCertFile);
  return channelDraft({
    organisations: await Promise.all(parties.map(describe)),
    orderer: await describe(orderer),
    consenters: [{ host: "127.0.0.1", port: 7050, certificate, tlsCertificate }],
    ...(wish.capabilities ? { channelCapabilities: wish.capabilities } : {}),
  });
}

/** The chain of one channel, as its orderers make it. */
export class Chain extends ChainMaker {
  readonly blocks: Uint8Array[] = [];

  constructor(channel: string, orderer: TransactionAuthor, client: TransactionAuthor) {
    super({ channel, orderers: [orderer], client, host: MAKER_HOST });
  }

  get height(): bigint {
    return BigInt(this.blocks.length);
  }

  override add(...wish: Parameters<ChainMaker["add"]>): Uint8Array {
    const block = super.add(...wish);
    this.blocks.push(block);
    return block;
  }

  addTransactions(count: number): void {
    for (let i = 0; i < count; i++) this.add();
  }
}
