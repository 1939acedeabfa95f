/** One channel as its orderers make it: the ground truth for members' views. */

import { headerHash } from "../../src/channel/rules/header-hash.ts";
import { parseBlock } from "../../src/channel/rules/read-block.ts";
import { readConfiguration } from "../../src/channel/rules/read-configuration.ts";
import type { ChannelConfiguration } from "../../src/channel/types/configuration.ts";
import { ChainMaker } from "../../src/channel-maker/chain.ts";
import { channelDraft } from "../../src/channel-maker/channel-draft.ts";
import type { ConfigDraft } from "../../src/channel-maker/config-draft.ts";
import type { TransactionAuthor } from "../../src/channel-maker/transactions.ts";
import type { Identity } from "../../src/core/types/host.ts";
import { toHex } from "../../src/wire/bytes.ts";
import type { SimulatedAuthority } from "../authority.ts";
import { EPOCH_MS } from "../epoch.ts";
import type { Forger } from "../forged-message-parts.ts";
import type { ChannelPlan, PlannedChange } from "./channel-plan.ts";
import { createSimulatedHost, mspContent, ORDERER_MSP } from "./simulated-host.ts";

export interface OrderedBlock {
  readonly number: bigint;
  readonly bytes: Uint8Array;
  /** Hash of its header, in hex. */
  readonly hash: string;
  /** Applies from the next block on. */
  readonly configuration: ChannelConfiguration;
}

interface OrderedChannelOptions {
  readonly plan: ChannelPlan;
  readonly authority: SimulatedAuthority;
  /** Milliseconds since the start of the simulation. */
  readonly nowMs: () => number;
  /** Anchor peers of an organisation. */
  readonly anchorsOf: (mspId: string) => readonly string[];
  /** The certificate of the member of this name. */
  readonly identityOf: (name: string) => Identity | undefined;
}

/** Ten years. */
const LONG_MS = 3_650 * 86_400_000;
const NONCE_BYTES = 24;

export class OrderedChannel {
  readonly plan: ChannelPlan;
  /** All blocks from number 0 on. */
  readonly blocks: OrderedBlock[] = [];
  /** Second blocks that orderers have signed, by number. */
  readonly forks = new Map<bigint, OrderedBlock>();
  #mspIds: readonly string[];
  /** Identities that it has revoked. */
  #revoked: readonly Identity[] = [];
  readonly #options: OrderedChannelOptions;
  readonly #maker: ChainMaker;
  readonly #host: ReturnType<typeof createSimulatedHost>;
  #signatures = 0;

  constructor(options: OrderedChannelOptions) {
    const { plan, authority, nowMs } = options;
    this.plan = plan;
    this.#mspIds = plan.mspIds;
    this.#options = options;
    this.#host = createSimulatedHost(authority, () => {});
    let nonces = 0;
    const nonce = (): Uint8Array => {
      const bytes = new Uint8Array(NONCE_BYTES);
      new DataView(bytes.buffer).setUint32(0, ++nonces);
      return bytes;
    };
    this.#maker = new ChainMaker({
      channel: plan.name,
      orderers: [this.#author(ORDERER_MSP, `orderer.${plan.name}`)],
      client: this.#author(plan.mspIds[0] ?? "", `user.${plan.name}`),
      host: { sha256: this.#host.sha256, nonce, wallMs: () => EPOCH_MS + nowMs() },
    });
    this.#keep(this.#maker.addConfig(this.#draft(), 0n));
  }

  get height(): bigint {
    return this.#maker.tip.height;
  }

  /** The current configuration. */
  get configuration(): ChannelConfiguration {
    const last = this.blocks.at(-1);
    if (last === undefined) throw new Error("a channel has a first block");
    return last.configuration;
  }

  grow(): void {
    this.#keep(this.#maker.add());
  }

  /** Appends a configuration block. */
  change({ removed, revoked = "" }: PlannedChange): void {
    const sequence = this.configuration.sequence + 1n;
    this.#revoked = [...this.#revoked, ...[this.#options.identityOf(revoked) ?? []].flat()];
    this.#mspIds = this.#mspIds.filter((mspId) => mspId !== removed);
    const draft = this.#draft(Number(sequence) % 2);
    this.#keep(this.#maker.addConfig(draft, sequence));
  }

  /** A forged block for a number that exists or is next, signed by any identity. */
  forge(number: bigint, { identity, sign }: Pick<Forger, "identity" | "sign">): Uint8Array {
    return this.#maker.make({ number, signers: [{ creator: identity.bytes, sign }] }).bytes;
  }

  /** A second next block that orderers have signed; undefined if they sign one per number only. */
  fork(number: bigint): Uint8Array | undefined {
    if (!this.plan.forks || number !== this.height) return undefined;
    const known = this.forks.get(number);
    if (known !== undefined) return known.bytes;
    const { bytes, header } = this.#maker.make({ transactions: [this.#maker.transaction("fork")] });
    const hash = toHex(headerHash(this.#host, header));
    this.forks.set(number, { number, bytes, hash, configuration: this.configuration });
    return bytes;
  }

  /** Without the first `skipped` anchor peers of each organisation. */
  #draft(skipped = 0): ConfigDraft {
    const { anchorsOf } = this.#options;
    return channelDraft({
      organisations: this.#mspIds.map((mspId) => ({
        mspId,
        msp: mspContent(mspId, this.#revoked.filter(isOf(mspId)).map(pkiIdOf)),
        anchors: anchorsOf(mspId).slice(skipped).map(addressOf),
      })),
      orderer: { mspId: ORDERER_MSP, msp: mspContent(ORDERER_MSP) },
      consenters: [
        {
          ...addressOf("orderer.example.com:7050"),
          certificate: new TextEncoder().encode("its certificate"),
          tlsCertificate: new TextEncoder().encode("its TLS certificate"),
        },
      ],
    });
  }

  #keep(bytes: Uint8Array): void {
    const block = parseBlock(bytes);
    if (!block.ok) throw new Error(`a block of ours cannot be read: ${block.code}`);
    const { number } = block.value.header;
    const before = this.blocks.at(-1)?.configuration;
    const read = readConfiguration(this.#host, block.value);
    const configuration = read.ok ? read.value : before;
    const [fault] = configuration?.faults ?? [];
    if (configuration === undefined || fault !== undefined) {
      throw new Error(`a configuration of ours is wrong: ${fault?.detail ?? "there is none"}`);
    }
    this.blocks.push({ number, bytes, hash: toHex(this.#maker.tip.hash), configuration });
  }

  #author(mspId: string, name: string): TransactionAuthor {
    const notAfterMs = EPOCH_MS + LONG_MS;
    const issued = this.#options.authority.issue({ mspId, name, owner: -1, notAfterMs });
    return {
      creator: issued.identity.bytes,
      sign: (payload) => issued.sign(payload, this.#signatures++),
    };
  }
}

const isOf =
  (mspId: string) =>
  (one: Identity): boolean =>
    one.mspId === mspId;
const pkiIdOf = ({ pkiId }: Identity): Identity["pkiId"] => pkiId;

function addressOf(endpoint: string): { readonly host: string; readonly port: number } {
  const [host = "", port = ""] = endpoint.split(":");
  return { host, port: Number(port) };
}
