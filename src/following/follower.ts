/**
 * Follows the blocks of one channel: asks several peers at once, verifies in order, keeps what it has
 * verified if there is a store, and tells it then. Members and readers follow in the same way.
 */
import { headerHash } from "../channel/rules/header-hash.ts";
import { parseBlockInTurns } from "../channel/rules/read-block.ts";
import type { BlockRange } from "../channel/rules/state-transfer.ts";
import type { Block } from "../channel/types/block.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import { BoundedMap } from "../lib/bounded-map.ts";
import { startSlices, turnsOf } from "../lib/slices.ts";
import type { Cancel, Clock } from "../transport/network.ts";
import { toHex } from "../wire/bytes.ts";
import type { BlockPeer, FollowedBlock, GivenBlock } from "./block-peer.ts";
import { BlockPlan } from "./block-plan.ts";
import { ChainHead, type ChainStart } from "./chain-head.ts";
import { Keeper } from "./keeper.ts";
import type { KeptBlocks } from "./store/kept-blocks.ts";
import type { Trust } from "./trust.ts";

export type { BlockPeer, FollowedBlock, Given, GivenBlock } from "./block-peer.ts";

export interface FollowerEvents {
  /** What it returns ends when the block was used: until then it takes its share of memory. */
  block(block: FollowedBlock): Promise<void> | undefined;
  /** From the next block on another configuration holds. After the block that brings it was told. */
  configured(before: Trust, after: Trust): void;
  /** Orderers have signed two blocks of one number. */
  forked(number: bigint, from: BlockPeer): void;
  /** A peer served an invalid block. */
  rejected(peer: BlockPeer, number: bigint, code: string, reason: string): void;
  /** Why following stopped, in a sentence; undefined: it continues. */
  problem(sentence: string | undefined): void;
  /** Following ends here: the orderers have signed a configuration that we cannot use. */
  ended(reason: string): void;
  /** It may be {@link Follower.isIdle} now. */
  idle?(): void;
}

export interface FollowerOptions extends ChainStart {
  readonly host: ChannelHost;
  readonly clock: Clock;
  /** The last block that is wanted; default: there is none. */
  readonly last?: bigint | undefined;
  readonly store: KeptBlocks | undefined;
  readonly events: FollowerEvents;
}

/** A block, and who gave it. */
interface Received extends GivenBlock {
  readonly from: BlockPeer;
}

/** Blocks whose hashes are remembered, to notice another of the same number. */
const REMEMBERED = 32;

export class Follower {
  readonly #options: FollowerOptions;
  readonly #plan: BlockPlan;
  readonly #head: ChainHead;
  readonly #keeper: Keeper;
  readonly #peers = new Map<string, BlockPeer>();
  /** Received, and waiting for those before them. */
  readonly #waiting = new Map<bigint, Received>();
  readonly #hashes = new BoundedMap<bigint, string>(REMEMBERED);
  #cancelWake: Cancel = () => {};
  #isVerifying = false;
  #isStopped = false;

  constructor(options: FollowerOptions) {
    const { host, next, last, store, events, clock } = options;
    this.#options = options;
    this.#plan = new BlockPlan(next, last);
    this.#head = new ChainHead(host, options);
    this.#keeper = new Keeper({
      store,
      clock,
      kept: (block) => this.#kept(block),
      problem: (sentence) => events.problem(sentence),
    });
  }

  /** Why blocks cannot be written at present, if so. */
  get unkept(): string | undefined {
    return this.#keeper.refusal;
  }

  /** Number of the next block to verify. */
  get next(): bigint {
    return this.#head.next;
  }

  /** Whether it waits for peers: nobody can be asked for the next block now. */
  get isIdle(): boolean {
    return !this.#isVerifying && this.#plan.isIdle;
  }

  /** A peer is there, and has published a height. */
  heard(peer: BlockPeer, height: bigint): void {
    this.#peers.set(peer.pkiId, peer);
    this.#plan.heard(peer.pkiId, height);
    this.#ask();
  }

  /** The peer is gone, or no longer of the channel. */
  gone(pkiId: string): void {
    this.#peers.delete(pkiId);
    this.#plan.gone(pkiId);
    this.#ask();
  }

  /** An unsolicited block: some versions of peers push them. */
  pushed(from: BlockPeer, block: GivenBlock): void {
    if (this.#isStopped) return;
    if (this.#hashes.has(block.number)) void this.#compare(from, block);
    else this.#receive(from, block);
    void this.#verify();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelWake();
    this.#keeper.stop();
  }

  #ask(): void {
    if (this.#isStopped) return;
    const { clock } = this.#options;
    const { elapsedMs } = clock.now();
    for (const { peer: id, range } of this.#plan.ask(elapsedMs, this.#keeper.bytesWaiting)) {
      const peer = this.#peers.get(id);
      if (peer !== undefined) void this.#request(peer, range);
    }
    this.#cancelWake();
    const wakesAtMs = this.#plan.wakesAtMs(elapsedMs);
    if (wakesAtMs !== undefined) {
      this.#cancelWake = clock.after(Math.ceil(wakesAtMs - elapsedMs), () => this.#ask());
    }
    if (this.isIdle) this.#options.events.idle?.();
  }

  async #request(peer: BlockPeer, range: BlockRange): Promise<void> {
    const given = await peer.request(range);
    if (this.#isStopped) return;
    const { elapsedMs } = this.#options.clock.now();
    if (given.ok) {
      const { value: blocks } = given;
      let bytes = 0;
      for (const block of blocks) bytes += block.bytes.length;
      this.#plan.answered(
        peer.pkiId,
        blocks.map(({ number }) => number),
        bytes,
      );
      for (const block of blocks) this.#receive(peer, block);
    } else if (given.isOld !== true && (given.code === "silent" || given.code === "malformed")) {
      this.#plan.silent(peer.pkiId, elapsedMs);
    } else {
      this.#plan.unasked(peer.pkiId, elapsedMs);
    }
    this.#ask();
    await this.#verify();
  }

  #receive(from: BlockPeer, block: GivenBlock): void {
    if (!this.#plan.receive(block.number, block.bytes.length)) return;
    this.#waiting.set(block.number, { ...block, from });
  }

  /** Verifies all blocks that follow without a gap. */
  async #verify(): Promise<void> {
    if (this.#isVerifying) return;
    this.#isVerifying = true;
    const slices = startSlices(this.#options.clock);
    try {
      for (;;) {
        const given = this.#waiting.get(this.#head.next);
        if (given === undefined || this.#isStopped) break;
        await slices.breathe();
        await this.#take(given);
        if (this.#keeper.isFull) await this.#keeper.roomy();
        this.#ask();
      }
    } finally {
      this.#isVerifying = false;
    }
    this.#ask();
  }

  async #take(given: Received): Promise<void> {
    const { clock, events } = this.#options;
    const { number, bytes, from } = given;
    this.#waiting.delete(number);
    const parsed = await turnsOf(parseBlockInTurns(bytes), clock);
    const verdict = parsed.ok
      ? await turnsOf(this.#head.accept(parsed.value), clock)
      : { ok: false as const, code: parsed.code, reason: "it cannot be read" };
    if (this.#isStopped) return;
    if (verdict.ok) {
      this.#plan.take(bytes.length, from.pkiId);
      this.#hashes.set(number, toHex(verdict.value.verified.hash));
      if (verdict.value.brings !== undefined) this.#plan.forgive();
      this.#keeper.keep({ ...verdict.value, from, receivedAtMs: clock.now().wallMs });
      return;
    }
    this.#plan.discard(number, bytes.length);
    if (verdict.code === "untrusted") {
      // The orderers have signed it: we cannot follow, whoever serves it.
      this.stop();
      events.problem(`Block ${number} cannot be followed: ${verdict.reason}.`);
      events.ended(`block ${number}: ${verdict.reason}`);
      return;
    }
    if (parsed.ok && verdict.code === "block-previous-hash") await this.#fork(parsed.value, from);
    this.#reject(given, verdict);
  }

  /** Discards everything else from the peer. */
  #reject(
    { from, number }: Received,
    { code, reason }: { readonly code: string; readonly reason: string },
  ): void {
    const { clock, events } = this.#options;
    this.#plan.lied(from.pkiId, clock.now().elapsedMs);
    for (const [other, { from: giver, bytes }] of [...this.#waiting]) {
      if (giver.pkiId !== from.pkiId) continue;
      this.#waiting.delete(other);
      this.#plan.discard(other, bytes.length);
    }
    events.rejected(from, number, code, reason);
  }

  /** Another block of a known number. */
  async #compare(from: BlockPeer, { number, bytes }: GivenBlock): Promise<void> {
    const parsed = await turnsOf(parseBlockInTurns(bytes), this.#options.clock);
    if (!parsed.ok || parsed.value.header.number !== number) return;
    const hash = toHex(headerHash(this.#options.host, parsed.value.header));
    if (hash !== this.#hashes.get(number)) await this.#fork(parsed.value, from);
  }

  async #fork(block: Block, from: BlockPeer): Promise<void> {
    const isSigned = await turnsOf(this.#head.isSigned(block), this.#options.clock);
    if (isSigned && !this.#isStopped) this.#options.events.forked(block.header.number, from);
  }

  #kept(block: FollowedBlock): Promise<void> | undefined {
    const { events } = this.#options;
    const used = events.block(block);
    if (block.brings !== undefined) events.configured(block.trust, block.brings);
    this.#ask();
    return used;
  }
}
