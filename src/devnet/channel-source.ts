/** The ordering service of a devnet's channel: its keys, its chain, and how fast it grows. */
import { createHash, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ChainMaker } from "../channel-maker/chain.ts";
import { type ChannelOrganisation, channelDraft } from "../channel-maker/channel-draft.ts";
import type { MakerHost, TransactionAuthor } from "../channel-maker/transactions.ts";
import { exportMsp, readAuthor } from "../msp/export-msp.ts";
import { memberFolder, organisationFolder } from "../msp/generate-folder.ts";
import { configBlockFile, type Folder, ORDERERS, organisationOf } from "./folder.ts";
import { HOST, type MemberPlan, ORDERER_DOMAIN, ORDERER_HOST, type Plan } from "./plan.ts";

const ORDERER_MSP = "OrdererMSP";
/** Blocks of one run, about 3 KB each, which are all held in memory; then the source rests. */
const BLOCKS_MAX = 20_000;
export const BLOCKS_PER_MINUTE_MAX = 600;
const BLOCKS_PER_MINUTE = 30;
/** Anchor peers of each organisation. */
const ANCHORS = 2;

const HOST_OF_MAKER: MakerHost = {
  sha256(parts) {
    const digest = createHash("sha256");
    for (const part of parts) digest.update(part);
    return new Uint8Array(digest.digest());
  },
  nonce: () => new Uint8Array(randomBytes(24)),
  wallMs: () => Date.now(),
};

export class ChannelSource {
  readonly channel: string;
  /** From the first on. */
  readonly blocks: Uint8Array[] = [];
  readonly #maker: ChainMaker;
  readonly #client: TransactionAuthor;
  #blocksPerMinute = BLOCKS_PER_MINUTE;
  #timer: NodeJS.Timeout | undefined;
  #grown: () => void = () => {};

  private constructor(maker: ChainMaker, client: TransactionAuthor) {
    this.channel = maker.channel;
    this.#maker = maker;
    this.#client = client;
  }

  /** Makes the first block of the channel from the keys in the folder. */
  static async open(channel: string, plan: Plan, folder: Folder): Promise<ChannelSource> {
    const orderers = organisationFolder(
      join(folder.path, ORDERERS, ORDERER_DOMAIN),
      ORDERER_DOMAIN,
      "orderer",
    );
    const files = memberFolder(orderers.peersFolder, `${ORDERER_HOST}.${ORDERER_DOMAIN}`, "server");
    const orderer = await readAuthor(ORDERER_MSP, files);
    const client = await readAdmin(plan, folder);
    const maker = new ChainMaker({ channel, orderers: [orderer], client, host: HOST_OF_MAKER });
    const draft = channelDraft({
      organisations: await describeOrganisations(plan, folder),
      orderer: { mspId: ORDERER_MSP, msp: await exportMsp(orderers.mspFolder, ORDERER_MSP) },
      consenters: [
        {
          host: HOST,
          port: plan.basePort, // Nobody speaks to orderers here: blocks come from this process.
          certificate: await readFile(files.certFile),
          tlsCertificate: await readFile(files.tlsCertFile),
        },
      ],
    });
    const source = new ChannelSource(maker, client);
    const first = maker.addConfig(draft, 0n);
    source.blocks.push(first);
    await writeFile(join(folder.path, configBlockFile(channel)), first);
    return source;
  }

  get blocksPerMinute(): number {
    return this.#blocksPerMinute;
  }

  /** Begins to make blocks; `grown` is called after each. */
  start(grown: () => void): void {
    this.#grown = grown;
    this.setRate(this.#blocksPerMinute);
  }

  /** 0: no more blocks, until there is another rate. */
  setRate(blocksPerMinute: number): void {
    this.stop();
    this.#blocksPerMinute = blocksPerMinute;
    if (blocksPerMinute > 0) this.#timer = setInterval(() => this.#add(), 60_000 / blocksPerMinute);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #add(): void {
    if (this.blocks.length >= BLOCKS_MAX) return;
    this.blocks.push(this.#maker.add());
    this.#grown();
  }

  /** A block that could come next, but for the signature: no orderer made it. */
  forge(): Uint8Array {
    return this.#maker.make({ signers: [this.#client] }).bytes;
  }
}

async function describeOrganisations(
  plan: Plan,
  folder: Folder,
): Promise<readonly ChannelOrganisation[]> {
  const byMsp = Map.groupBy(plan.members, ({ mspId }) => mspId);
  const described = [...byMsp].map(async ([mspId, members]) => {
    const [first] = members;
    const anchors = members
      .slice(0, ANCHORS)
      .map(({ ports }) => ({ host: HOST, port: ports.gossip }));
    return { mspId, msp: await exportMsp(folderOf(folder, first).mspFolder, mspId), anchors };
  });
  return Promise.all(described);
}

async function readAdmin(plan: Plan, folder: Folder): Promise<TransactionAuthor> {
  const [first] = plan.members;
  const { domain, usersFolder } = folderOf(folder, first);
  return readAuthor(first?.mspId ?? "", memberFolder(usersFolder, `Admin@${domain}`, "client"));
}

function folderOf(folder: Folder, member: MemberPlan | undefined) {
  if (member === undefined) throw new Error("a devnet has members");
  return organisationOf(folder, member);
}
