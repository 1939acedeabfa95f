/**
 * The verified blocks of one channel: followed, stored or remembered, readable by number. It starts
 * after the stored blocks, otherwise with the trusted configuration block.
 */
import { headerHash } from "../channel/rules/header-hash.ts";
import { channelHeaderOf, parseBlockInTurns } from "../channel/rules/read-block.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import { Bell } from "../lib/bell.ts";
import { GossipError } from "../lib/errors.ts";
import { turnsOf } from "../lib/slices.ts";
import type { Clock } from "../transport/network.ts";
import { equalBytes } from "../wire/bytes.ts";
import { describeFollowed, describeKept, noteOf } from "./block-note.ts";
import type { BlockPeer, FollowedBlock, GivenBlock } from "./block-peer.ts";
import { Follower, type FollowerEvents } from "./follower.ts";
import { RecentBlocks } from "./recent-blocks.ts";
import type { KeptBlocks } from "./store/kept-blocks.ts";
import type { StoredBlock, TransactionPlace } from "./store/store-messages.ts";
import { makeTrust, type Trust } from "./trust.ts";
import type { ReadBlock } from "./views.ts";

interface FeedOptions {
  readonly channel: string;
  readonly host: ChannelHost;
  readonly clock: Clock;
  /** Undefined: only the newest blocks are kept, in memory. */
  readonly store: KeptBlocks | undefined;
  readonly events: Omit<FollowerEvents, "block"> & { block(block: ReadBlock): void };
}

/** Maximum blocks per read. */
const READ_BLOCKS = 16;
const READ_BYTES = 8_388_608;

export class BlockFeed {
  readonly #options: FeedOptions;
  readonly #recent = new RecentBlocks();
  readonly #changed = new Bell();
  #follower: Follower | undefined;
  /** Number after the last reported block. */
  #height: bigint | undefined;
  #isStopped = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#height = options.store?.height;
  }

  /** Why blocks cannot be written at present, if so. */
  get unkept(): string | undefined {
    return this.#follower?.unkept;
  }

  /**
   * Where a store continues; undefined: there is none, or it is empty. Throws if it belongs to
   * another chain.
   */
  async kept(trusted: Trust | undefined): Promise<Trust | undefined> {
    const { store, host, channel, clock } = this.#options;
    const configuration = await store?.configuration();
    if (store?.height === undefined || configuration === undefined) return undefined;
    const trust = await turnsOf(makeTrust(host, configuration, `kept in ${store.folder}`), clock);
    if (!trust.ok) throw new Error(`its configuration cannot be read: ${trust.reason}`);
    const number = trusted?.configuration.blockNumber;
    const [bytes] = number === undefined ? [] : await store.read(number, number, 0);
    const block = bytes && (await turnsOf(parseBlockInTurns(bytes), clock));
    const isSame =
      !block?.ok || !trusted || equalBytes(headerHash(host, block.value.header), trusted.hash);
    if (isSame && trust.value.configuration.channel === channel) return trust.value;
    throw new GossipError(
      "config-invalid",
      `${store.folder} holds blocks of another channel ${channel}: remove that folder.`,
    );
  }

  /** Begins with the next block not stored; without a store with `next`. */
  async start(trust: Trust, next: bigint): Promise<void> {
    const { store, host, clock, events } = this.#options;
    const height = store?.height;
    const [last] = height === undefined ? [] : ((await store?.read(height - 1n, height, 0)) ?? []);
    const block = last && (await turnsOf(parseBlockInTurns(last), clock));
    if (this.#isStopped || this.#follower !== undefined) return;
    this.#follower = new Follower({
      ...{ host, clock, trust, store },
      next: height ?? next,
      previousHash: block?.ok ? headerHash(host, block.value.header) : undefined,
      events: {
        ...events,
        block: (found) => {
          this.#told(found);
          return undefined;
        },
      },
    });
  }

  /** Whether it is following. */
  get isStarted(): boolean {
    return this.#follower !== undefined;
  }

  /** Numbers of the oldest readable block and of the next one. */
  get first(): bigint | undefined {
    const { store } = this.#options;
    return store === undefined ? this.#recent.first : store.first;
  }

  get height(): bigint | undefined {
    return this.#height;
  }

  heard(peer: BlockPeer, height: bigint): void {
    this.#follower?.heard(peer, height);
  }

  gone(pkiId: string): void {
    this.#follower?.gone(pkiId);
  }

  pushed(from: BlockPeer, block: GivenBlock): void {
    this.#follower?.pushed(from, block);
  }

  /** Available blocks from a number on, up to the limits; none if that block cannot be read. */
  async read(from: bigint, count: number): Promise<readonly ReadBlock[]> {
    const { host, channel, clock } = this.#options;
    const blocks: ReadBlock[] = [];
    for (const one of await this.#stored(from, BigInt(count))) {
      const block = await turnsOf(describeKept(host, channel, one), clock);
      if (block !== undefined) blocks.push(block);
    }
    return blocks;
  }

  /**
   * Every block from a number on, then each one as it is verified, until the signal aborts or the
   * node closes. Throws `config-invalid` if that block is no longer stored.
   */
  async *blocks(
    from: bigint | undefined,
    signal?: AbortSignal,
  ): AsyncGenerator<ReadBlock, undefined> {
    let next = from ?? this.#height;
    const isOver = (): boolean => this.#isStopped || signal?.aborted === true;
    while (!isOver()) {
      if (next === undefined || next >= (this.#height ?? 0n)) {
        await this.#changed.heard(signal);
        // Nobody has named a number: begin with what comes first.
        next ??= this.first;
        continue;
      }
      for (const block of await this.#readOrThrow(next)) {
        if (isOver()) return undefined;
        yield block;
        next++;
      }
    }
    return undefined;
  }

  async #readOrThrow(from: bigint): Promise<readonly ReadBlock[]> {
    const blocks = await this.read(from, READ_BLOCKS);
    if (blocks.length > 0 || this.#isStopped) return blocks;
    throw this.#tooOld(from);
  }

  /** Position of a transaction; undefined: in none of the readable blocks. */
  async findTransaction(txId: string): Promise<TransactionPlace | undefined> {
    const { store, clock } = this.#options;
    if (store !== undefined) return store.findTransaction(txId, idAt);
    // They are few: an index would cost more at each block than this at a question.
    for (const { bytes } of txId === "" ? [] : this.#recent.all) {
      const block = await turnsOf(parseBlockInTurns(bytes), clock);
      const transactions = block.ok ? block.value.transactions : [];
      const index = transactions.findIndex((one) => channelHeaderOf(one)?.txId === txId);
      if (block.ok && index >= 0) return { number: block.value.header.number, index };
    }
    return undefined;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#follower?.stop();
    this.#changed.ring();
    await this.#options.store?.close();
  }

  #stored(from: bigint, count: bigint): Promise<readonly StoredBlock[]> {
    const { store } = this.#options;
    if (store !== undefined) return store.readNoted(from, from + count - 1n, READ_BYTES);
    return Promise.resolve(this.#recent.read(from, Number(count)));
  }

  #told(found: FollowedBlock): void {
    const { store, channel, events } = this.#options;
    const { bytes, header } = found.verified.block;
    if (store === undefined) this.#recent.add(header.number, { bytes, note: noteOf(found) });
    this.#height = header.number + 1n;
    events.block(describeFollowed(channel, found));
    this.#changed.ring();
  }

  #tooOld(number: bigint): GossipError {
    const { store, channel } = this.#options;
    const remedy =
      store === undefined
        ? "set blocks: keep for the channel, or read it with readChannel"
        : "raise keepBlocks, or read it with readChannel";
    const which = `Block ${number} of ${channel} is not kept, the oldest is ${this.first}`;
    return new GossipError("config-invalid", `${which}: ${remedy}.`);
  }
}

async function idAt(bytes: Uint8Array, index: number): Promise<string | undefined> {
  const block = await turnsOf(parseBlockInTurns(bytes));
  const transaction = block.ok ? block.value.transactions[index] : undefined;
  return transaction && channelHeaderOf(transaction)?.txId;
}
