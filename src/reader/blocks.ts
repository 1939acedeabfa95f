/**
 * Verified blocks in ascending order: where to begin, which peers a follower asks, and when to look again
 * who there is.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ChainStart } from "../following/chain-head.ts";
import { Follower } from "../following/follower.ts";
import type { ReadBlock } from "../following/views.ts";
import { BLOCK_NUMBER, BOOLEAN, FUNCTION, type OptionKinds, SIGNAL } from "../lib/arguments.ts";
import { GossipError } from "../lib/errors.ts";
import { compareRun } from "./compare-run.ts";
import { startOf } from "./find-start.ts";
import { Inbox } from "./inbox.ts";
import type { Told } from "./observe.ts";
import { ReadError } from "./read-error.ts";
import { Sources } from "./sources.ts";
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

export const BLOCKS_OPTIONS: OptionKinds<BlocksOptions> = {
  from: BLOCK_NUMBER,
  to: BLOCK_NUMBER,
  follow: BOOLEAN,
  signal: SIGNAL,
  note: FUNCTION,
};

/** Peers publish their height at most every 4 s; half of that suffices. */
const POLL_MS = 2_000;
const DEFAULT_COUNT = 10n;

export async function* readBlocks(
  view: ViewOfChannel,
  options: BlocksOptions,
): AsyncGenerator<ReadBlock, void, undefined> {
  const { to, follow: isFollowing = false } = options;
  if (to !== undefined && options.from !== undefined && to < options.from) {
    throw new GossipError(
      "config-invalid",
      `The last block ${to} comes before the first ${options.from}: give the lower number first.`,
    );
  }
  const round = await view.refresh();
  for (const sentence of round.notes) options.note?.(sentence);
  const height = maxOf(round.told.map((one) => one.height ?? 0n));
  const tenth = height > DEFAULT_COUNT ? height - DEFAULT_COUNT : 0n;
  const { from = tenth } = options;
  if (from >= height && !isFollowing) {
    throw new ReadError("not-there", [
      `There is no block ${from} yet, the height is ${height}: give a lower --from, or --follow.`,
    ]);
  }
  if (to !== undefined && to < from) {
    const remedy = "give --from as well, or a higher --to";
    throw new ReadError("not-there", [
      `The last block ${to} comes before the first ${from}: ${remedy}.`,
    ]);
  }
  if (to !== undefined && to >= height && !isFollowing) {
    options.note?.(`There is no block ${to} yet: reading up to ${height - 1n}.`);
  }
  const newest = isFollowing ? U64_MAX : height - 1n;
  const last = to !== undefined && to < newest ? to : newest;
  const reading = new Reading(view, options, round);
  const start = await reading.begin(from);
  if (start !== undefined) yield* reading.run(start, last);
}

function maxOf(numbers: readonly bigint[]): bigint {
  let max = 0n;
  for (const number of numbers) if (number > max) max = number;
  return max;
}

const U64_MAX = 2n ** 64n - 1n;

class Reading {
  readonly #view: ViewOfChannel;
  readonly #options: BlocksOptions;
  readonly #inbox = new Inbox();
  readonly #sources: Sources;
  #round: ViewRound;
  /** What was said of the last round. */
  #said: ReadonlySet<string>;
  /** Whether the peers were asked anew since the last block. */
  #isSecondLook = false;

  constructor(view: ViewOfChannel, options: BlocksOptions, round: ViewRound) {
    this.#view = view;
    this.#options = options;
    this.#round = round;
    this.#said = new Set(round.notes);
    this.#sources = new Sources(view.session.channel, (sentence) => options.note?.(sentence));
  }

  /**
   * Finds the configuration before the first block; waits for the block before it, if need be.
   * Undefined: we were stopped.
   */
  async begin(next: bigint): Promise<ChainStart | undefined> {
    const { anchor } = this.#round;
    if (next === 0n) return { next, trust: anchor, anchor, previousHash: undefined };
    while (!this.#isStopped) {
      const start = await this.#startAt(next);
      if (start !== undefined) return start;
      await this.#pause();
      await this.#refresh(true);
    }
    return undefined;
  }

  /** Undefined: nobody has the block before. */
  async #startAt(next: bigint): Promise<ChainStart | undefined> {
    const { told, disproved, anchor } = this.#round;
    const having = told.filter(
      ({ stream, height = 0n }) => height >= next && !disproved.has(stream.identity.pkiId),
    );
    const reasons: string[] = [];
    for (const { stream } of having) {
      const start = await startOf(this.#view, this.#round, stream, next);
      if (start.ok) {
        const { trust, previousHash, isProven } = start.value;
        if (!isProven) this.#options.note?.(this.#word(stream));
        return { next, trust, anchor, previousHash };
      }
      reasons.push(`${stream.target.name}: ${start.reason}.`);
    }
    if (reasons.length > 0) throw new ReadError("untrusted", reasons);
    return undefined;
  }

  async *run(start: ChainStart, last: bigint): AsyncGenerator<ReadBlock, void, undefined> {
    const follower = this.#follow(start, last);
    try {
      this.#sources.show(follower, this.#round);
      for (let { next } = start; next <= last && !this.#isStopped; ) {
        const run = this.#inbox.take();
        for await (const block of compareRun(this.#view, this.#sources, run)) {
          yield block;
          next++;
        }
        this.#inbox.used();
        if (run.length === 0) await this.#wait(follower, next);
        else this.#isSecondLook = false;
      }
    } finally {
      follower.stop();
    }
  }

  #follow(start: ChainStart, last: bigint): Follower {
    const { host, session } = this.#view;
    const { note = () => {} } = this.#options;
    return new Follower({
      ...{ ...start, host, clock: session.clock, last, store: undefined },
      events: {
        ...this.#inbox.events,
        rejected: ({ pkiId, name }, number, _code, reason) => {
          this.#sources.reject(pkiId);
          note(`${name}: block ${number}: ${reason}.`);
        },
        forked: (number, { name }) => note(`${name} gives another block ${number}, ${FORKED}.`),
      },
    });
  }

  /** Until there is a block, or nobody can be asked for one: then the peers are asked what they have. */
  async #wait(follower: Follower, next: bigint): Promise<void> {
    const { signal, follow: isFollowing = false } = this.#options;
    const { problem } = this.#inbox;
    if (problem !== undefined) throw new ReadError("untrusted", [problem]);
    if (!follower.isIdle) return this.#inbox.changed(signal);
    if (this.#isSecondLook && !isFollowing) throw nobody(next, this.#sources.hasLiars);
    this.#isSecondLook = true;
    if (isFollowing) await this.#pause();
    if (this.#isStopped) return;
    await this.#refresh(isFollowing);
    this.#sources.show(follower, this.#round);
  }

  get #isStopped(): boolean {
    return this.#options.signal?.aborted === true;
  }

  #word({ target }: Told["stream"]): string {
    const { blockNumber } = this.#round.anchor.configuration;
    return (
      `The configuration before the first block is the word of ${target.name}; ` +
      `it is proven when the blocks up to ${blockNumber}, which is trusted, follow.`
    );
  }

  async #pause(): Promise<void> {
    const { signal } = this.#options;
    // On abort, the caller sees the signal.
    await sleep(POLL_MS, undefined, signal ? { signal } : {}).catch(() => {});
  }

  async #refresh(isPatient: boolean): Promise<void> {
    try {
      this.#round = await this.#view.refresh();
      this.#tell(this.#round.notes);
    } catch (error) {
      if (!isPatient || !(error instanceof ReadError)) throw error;
      this.#tell(error.problems);
    }
  }

  /** Only what is new since the last round: a peer may be gone for hours. */
  #tell(sentences: readonly string[]): void {
    for (const one of sentences) if (!this.#said.has(one)) this.#options.note?.(one);
    this.#said = new Set(sentences);
  }
}

const FORKED = "signed by orderers as well: the chain is forked";

function nobody(number: bigint, hasLiars: boolean): ReadError {
  return new ReadError(hasLiars ? "not-verified" : "not-there", [
    `No peer gives a block ${number} ${hasLiars ? "that verifies" : "any more"}: see the notes above.`,
  ]);
}
