/** A hostile member's lies about channels: false heights, blocks and StateInfo. */
import { channelMac } from "../../src/channel/rules/state-info.ts";
import { encodeEnvelope, encodeMessage, encodeUnsigned } from "../../src/wire/envelope.ts";
import { TAG } from "../../src/wire/messages.ts";
import { pkiIdBytes } from "../../src/wire/received.ts";
import { readWhole } from "../checkers/wire-reader.ts";
import type { Forger } from "../forged-message-parts.ts";
import type { Forgery } from "../forged-messages.ts";
import type { OrderedChannel } from "./ordered-channel.ts";
import type { SimulatedChannels } from "./simulated-channels.ts";
import { sha256 } from "./simulated-host.ts";

const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();
const ELEMENTS = 40;
const DAY_NANOS = 86_400_000_000_000n;
/** How far a false height is above the true one. */
const ABOVE = [1n, 3n, 1_000n, 2n ** 40n, 2n ** 63n];
/** Share of requests that it ignores. */
const SILENT = 0.2;

type Claim = { readonly pkiId?: string; readonly height?: bigint; readonly name?: string };

/** A hostile channel member with everything it can know. */
export class ChannelLiar {
  readonly #channels: SimulatedChannels;
  readonly #forger: Forger;
  readonly #own: readonly string[];

  constructor(channels: SimulatedChannels, forger: Forger) {
    this.#channels = channels;
    this.#forger = forger;
    const { mspId } = forger.self;
    this.#own = [...channels.table.keys()].filter((name) => channels.isOn(name, 0n, mspId));
  }

  /** Empty if it is on no channel. */
  get forgeries(): readonly Forgery[] {
    if (this.#own.length === 0) return [];
    return [
      () => [this.#stateInfo()],
      () => [this.#stateInfo({ height: this.#pick().height + this.#random.pick(ABOVE) })],
      () => [this.#stateInfo({ pkiId: this.#somebody(), height: 2n ** 20n })],
      () => [this.#snapshot()],
      () => this.#replayed(),
      () => [this.#pushed()],
      () => [this.#answer(this.#pick(), this.#random.uint64(), 0n, 10n)],
    ];
  }

  /** Responds to channel requests; ignores other messages. */
  hear(bytes: Uint8Array): readonly Uint8Array[] {
    const message = readWhole(bytes);
    const content = message?.content;
    if (message === undefined || content?.type !== "state-request") return [];
    const channel = this.#channels.table.get(TEXT.decode(message.channel));
    if (channel === undefined || this.#random.chance(SILENT)) return [];
    const { startSeqNum, endSeqNum } = content.value;
    return [this.#answer(channel, message.nonce, startSeqNum, endSeqNum)];
  }

  get #random(): Forger["random"] {
    return this.#forger.random;
  }

  #somebody(): string {
    return this.#random.pick(this.#forger.members).issued.identity.pkiId;
  }

  #pick(): OrderedChannel {
    const channel = this.#channels.table.get(this.#random.pick(this.#own));
    if (channel === undefined) throw new Error("a channel that it is on exists");
    return channel;
  }

  /** StateInfo with true height and author unless overridden; always signed by the liar. */
  #stateInfo({ pkiId, height, name }: Claim = {}): Uint8Array {
    const channel = this.#pick();
    const { identity, sign, incarnation } = this.#forger;
    this.#forger.sequence += 1n;
    const author = pkiId ?? identity.pkiId;
    // In another's name it must be newer than the true one, else it is dropped unchecked.
    const incNum = pkiId === undefined ? incarnation : incarnation + DAY_NANOS;
    const payload = encodeMessage({
      tag: TAG.chanOrOrg,
      content: {
        type: "state-info",
        value: {
          timestamp: { incNum, seqNum: incarnation + this.#forger.sequence },
          pkiId: pkiIdBytes(author as typeof identity.pkiId),
          channelMac: channelMac({ sha256 }, author, name ?? channel.plan.name),
          properties: { ledgerHeight: height ?? channel.height },
        },
      },
    });
    return encodeEnvelope({ payload, signature: sign(payload) }).bytes;
  }

  /** True elements mixed with old, foreign, garbled and falsely attributed ones. */
  #snapshot(): Uint8Array {
    const others = Array.from({ length: ELEMENTS }, () => {
      const { pkiId } = this.#random.pick(this.#forger.members).issued.identity;
      return this.#stateInfo({ pkiId, height: this.#random.uint64() });
    });
    const elements = [...this.#replayed(), ...others, UTF8.encode("rubbish"), this.#stateInfo()];
    return encodeUnsigned({
      tag: TAG.chanOrOrg,
      content: { type: "state-snapshot", value: { elements } },
    });
  }

  /** Genuine StateInfo of others, including previous lives and other channels. */
  #replayed(): readonly Uint8Array[] {
    return this.#forger.heard
      .flatMap((bytes) => {
        const content = readWhole(bytes)?.content;
        if (content?.type === "state-info") return [bytes];
        return content?.type === "state-snapshot" ? content.value.elements : [];
      })
      .slice(0, ELEMENTS);
  }

  #pushed(): Uint8Array {
    const channel = this.#pick();
    const seqNum = channel.height - BigInt(this.#random.below(2));
    const payload = { seqNum, data: this.#spoil(channel, seqNum) };
    return encodeUnsigned({
      ...{ channel: UTF8.encode(channel.plan.name), tag: TAG.chanAndOrg },
      content: { type: "data", value: { payload } },
    });
  }

  #answer(channel: OrderedChannel, nonce: bigint, from: bigint, to: bigint): Uint8Array {
    const payloads = [];
    for (let seqNum = from; seqNum <= to && seqNum < from + 11n; seqNum++) {
      payloads.push({ seqNum, data: this.#spoil(channel, seqNum), privateData: [] });
    }
    return encodeUnsigned({
      ...{ nonce, channel: UTF8.encode(channel.plan.name), tag: TAG.chanOrOrg },
      content: { type: "state-response", value: { payloads } },
    });
  }

  /** The block that it serves; sometimes the true one. */
  #spoil(channel: OrderedChannel, number: bigint): Uint8Array {
    const right = channel.blocks[Number(number)]?.bytes;
    const other = this.#channels.table.get(this.#random.pick([...this.#channels.table.keys()]));
    const old = channel.blocks[this.#random.below(channel.blocks.length)]?.bytes;
    const ways = [
      right,
      channel.forge(number, this.#forger),
      other?.blocks[Number(number)]?.bytes,
      old,
      right && flipped(right, this.#random.below(right.length)),
      right?.subarray(0, this.#random.below(right.length)),
      channel.fork(number),
      UTF8.encode("no block"),
    ];
    return this.#random.pick(ways.filter((way) => way !== undefined));
  }
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0x20;
  return copy;
}
