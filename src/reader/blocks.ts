/**
 * Verified blocks in ascending order. Each must satisfy the preceding configuration and follow the
 * previous block; a configuration applies from the next block on.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { headerHash } from "../channel/rules/header-hash.ts";
import { verifyByHash } from "../channel/rules/verify-block.ts";
import type { Block, VerifiedBlock } from "../channel/types/block.ts";
import { factsOfBlock } from "../following/block-facts.ts";
import { type Copy, compareCopies } from "../following/compare.ts";
import {
  follow,
  type Judged,
  judgeBlock,
  makeTrust,
  problem,
  type Trust,
  whyUnusable,
} from "../following/trust.ts";
import type { ReadBlock } from "../following/views.ts";
import { equalBytes } from "../wire/bytes.ts";
import { BlockSource } from "./block-source.ts";
import { startOf } from "./find-start.ts";
import type { Told } from "./observe.ts";
import { ReadError } from "./read-error.ts";
import type { ViewOfChannel, ViewRound } from "./view-of-channel.ts";

/** Which blocks to read. */
export interface BlocksOptions {
  /** First block; default: the tenth from the end. */
  readonly from?: bigint | undefined;
  /** Last block; default: the newest that a peer has published, or none with `follow`. */
  readonly to?: bigint | undefined;
  /** Whether to wait for new blocks; default false. */
  readonly follow?: boolean | undefined;
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called for faults that do not end the iteration: a lost peer, or a block that does not verify.
   */
  readonly note?: ((sentence: string) => void) | undefined;
}

/** Peers publish their height at most every 4 s; half of that suffices. */
const POLL_MS = 2_000;
const DEFAULT_COUNT = 10n;

export async function* readBlocks(
  view: ViewOfChannel,
  options: BlocksOptions,
): AsyncGenerator<ReadBlock, void, undefined> {
  const round = await view.refresh();
  for (const sentence of round.notes) options.note?.(sentence);
  const height = maxOf(round.told.map((one) => one.height ?? 0n));
  const tenth = height > DEFAULT_COUNT ? height - DEFAULT_COUNT : 0n;
  const { from = tenth, to, follow: isFollowing = false } = options;
  if (from >= height && !isFollowing) {
    throw new ReadError("not-there", [
      `There is no block ${from} yet, the height is ${height}: give a lower --from, or --follow.`,
    ]);
  }
  if (to !== undefined && to < from) {
    throw new ReadError("not-there", [`The last block ${to} comes before the first ${from}.`]);
  }
  if (to !== undefined && to >= height && !isFollowing) {
    options.note?.(`There is no block ${to} yet: reading up to ${height - 1n}.`);
  }
  const newest = isFollowing ? U64_MAX : height - 1n;
  const last = to !== undefined && to < newest ? to : newest;
  const reading = new Reading(view, options, round, last);
  await reading.begin(from);
  yield* reading.run(from);
}

function maxOf(numbers: readonly bigint[]): bigint {
  let max = 0n;
  for (const number of numbers) if (number > max) max = number;
  return max;
}

const U64_MAX = 2n ** 64n - 1n;

/** A verified block with the peer that served it. */
interface Found {
  readonly verified: VerifiedBlock;
  readonly told: Told;
}

class Reading {
  readonly #view: ViewOfChannel;
  readonly #options: BlocksOptions;
  readonly #last: bigint;
  #round: ViewRound;
  /** The configuration before the next block. */
  #trust: Trust | undefined;
  #previousHash: Uint8Array | undefined;
  readonly #sources = new Map<Told["stream"], BlockSource>();
  /** Peers that served an invalid block: they are not asked again. */
  readonly #rejected = new Set<string>();

  constructor(view: ViewOfChannel, options: BlocksOptions, round: ViewRound, last: bigint) {
    this.#view = view;
    this.#options = options;
    this.#round = round;
    this.#last = last;
  }

  /** Finds the configuration before the first block; waits for the preceding block if needed. */
  async begin(from: bigint): Promise<void> {
    const { signal } = this.#options;
    while (from > 0n && this.#trust === undefined && !signal?.aborted) {
      const reasons: string[] = [];
      for (const told of this.#sourcesOf(from - 1n)) {
        const start = await startOf(this.#view, this.#round, told.stream, from);
        if (start.ok) {
          this.#trust = start.value.trust;
          this.#previousHash = start.value.previousHash;
          if (!start.value.isProven) this.#options.note?.(this.#word(told));
          return;
        }
        reasons.push(`${told.stream.target.name}: ${start.reason}.`);
      }
      if (reasons.length > 0) throw new ReadError("untrusted", reasons);
      await this.#wait();
      await this.#refresh(true);
    }
  }

  async *run(from: bigint): AsyncGenerator<ReadBlock, void, undefined> {
    const { signal } = this.#options;
    for (let number = from; number <= this.#last && !signal?.aborted; number++) {
      const found = await this.#find(number);
      if (found === undefined) return;
      const trust = this.#trust ?? this.#round.anchor;
      const copies = await this.#copies(number, found);
      yield factsOfBlock(found.verified, {
        endpoint: found.told.stream.target.endpoint,
        channel: trust.configuration.channel,
        agreement: compareCopies(this.#view.host, trust, copies),
        receivedAtMs: this.#view.session.clock.now().wallMs,
      });
      this.#accept(found);
    }
  }

  #word({ stream }: Told): string {
    const { blockNumber } = this.#round.anchor.configuration;
    return (
      `The configuration before the first block is the word of ${stream.target.name}; ` +
      `it is proven when the blocks up to ${blockNumber}, which is trusted, follow.`
    );
  }

  /** The first valid block that a peer serves; undefined if the caller stopped us. */
  async #find(number: bigint): Promise<Found | undefined> {
    const { signal, follow: isFollowing = false } = this.#options;
    for (let isFirst = true; !signal?.aborted; isFirst = false) {
      for (const told of this.#sourcesOf(number)) {
        const verified = await this.#ask(told, number);
        if (verified.ok) return { verified: verified.value, told };
        this.#options.note?.(`${told.stream.target.name}: block ${number}: ${verified.reason}.`);
      }
      if (!isFirst && !isFollowing) throw this.#nobody(number);
      if (isFollowing) await this.#wait();
      if (!signal?.aborted) await this.#refresh(isFollowing);
    }
    return undefined;
  }

  async #wait(): Promise<void> {
    const { signal } = this.#options;
    // On abort, the caller sees the signal.
    await sleep(POLL_MS, undefined, signal ? { signal } : {}).catch(() => {});
  }

  #nobody(number: bigint): ReadError {
    const isRejected = this.#rejected.size > 0;
    const what = isRejected ? "that verifies" : "any more";
    return new ReadError(isRejected ? "not-verified" : "not-there", [
      `No peer gives a block ${number} ${what}: see the notes above.`,
    ]);
  }

  async #refresh(isPatient: boolean): Promise<void> {
    try {
      this.#round = await this.#view.refresh();
    } catch (error) {
      if (!isPatient || !(error instanceof ReadError)) throw error;
      for (const sentence of error.problems) this.#options.note?.(sentence);
    }
  }

  /** Peers that have published the block. */
  #sourcesOf(number: bigint): readonly Told[] {
    return this.#round.told.filter(({ stream, height = 0n }) => {
      const { pkiId } = stream.identity;
      const isGood = !this.#rejected.has(pkiId) && !this.#round.disproved.has(pkiId);
      return isGood && stream.end === undefined && height > number;
    });
  }

  async #ask(told: Told, number: bigint): Promise<Judged<VerifiedBlock>> {
    const { stream, height = 0n } = told;
    const block = await this.#sourceOf(stream).block(number, this.#last, height);
    if (!block.ok) {
      // A peer that does not serve what it has published is not asked again.
      if (stream.end === undefined) this.#rejected.add(stream.identity.pkiId);
      return block;
    }
    const verdict = this.#judge(block.value, number);
    if (!verdict.ok) this.#rejected.add(stream.identity.pkiId);
    return verdict;
  }

  #judge(block: Block, number: bigint): Judged<VerifiedBlock> {
    const { host, session } = this.#view;
    const { blockNumber } = this.#round.anchor.configuration;
    const hash = headerHash(host, block.header);
    if (number === blockNumber && !equalBytes(hash, this.#round.anchor.hash)) {
      return problem("block-policy", "it is not the one that is trusted");
    }
    if (this.#trust !== undefined) {
      return judgeBlock(host, this.#trust, block, { number, previousHash: this.#previousHash });
    }
    // Nobody signs block 0: its successors prove it, up to the trusted one.
    const verdict = verifyByHash(host, block, { channel: session.channel, number, hash });
    if (!verdict.ok) return problem(verdict.code, "it is no first block of this channel");
    return verdict;
  }

  #accept({ verified, told }: Found): void {
    const { host } = this.#view;
    this.#previousHash = verified.hash;
    if (!verified.isConfig) return;
    const { number } = verified.block.header;
    const next =
      this.#trust === undefined
        ? makeTrust(host, verified.block.bytes, this.#round.anchor.origin)
        : follow(host, this.#trust, verified);
    const reason = next.ok ? whyUnusable(next.value) : next.reason;
    if (!next.ok || reason !== undefined) {
      const { name } = told.stream.target;
      throw new ReadError("untrusted", [`${name}: configuration block ${number}: ${reason}.`]);
    }
    this.#trust = next.value;
  }

  /** The same block as served by other peers. */
  async #copies(number: bigint, { verified, told }: Found): Promise<readonly [Copy, ...Copy[]]> {
    const others = this.#sourcesOf(number).filter((one) => one !== told);
    const copies = await Promise.all(
      others.map(async (one) => {
        const { stream, height = 0n } = one;
        const block = await this.#sourceOf(stream).block(number, this.#last, height);
        return block.ok ? [copyOf(one, block.value)] : [];
      }),
    );
    return [copyOf(told, verified.block), ...copies.flat()];
  }

  #sourceOf(stream: Told["stream"]): BlockSource {
    const known = this.#sources.get(stream);
    if (known !== undefined) return known;
    const source = new BlockSource(stream, this.#view.session.channel);
    this.#sources.set(stream, source);
    return source;
  }
}

function copyOf({ stream }: Told, block: Block): Copy {
  return { peer: stream.target.name, mspId: stream.identity.mspId, block };
}
