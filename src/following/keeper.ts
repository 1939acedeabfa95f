/**
 * Verified blocks on their way to the disk, or to whoever reads them: what was kept is told, in order;
 * nothing is told before.
 */
import { channelHeaderOf } from "../channel/rules/read-block.ts";
import { reasonOf } from "../lib/errors.ts";
import { startSlices } from "../lib/slices.ts";
import type { Cancel, Clock } from "../transport/network.ts";
import { noteOf } from "./block-note.ts";
import type { FollowedBlock } from "./block-peer.ts";
import type { BlockToKeep, KeptBlocks } from "./store/kept-blocks.ts";

/** Maximum blocks per write. */
const BATCH_BLOCKS = 64;
const BATCH_BYTES = 8_388_608;
/** So much may wait. */
const WAITING_BYTES_MAX = 16_777_216;
/** Pause after a failed write: the disk may be full for a while. */
const RETRY_MS = 5_000;

interface KeeperOptions {
  /** Undefined: nothing is kept, and told at once. */
  readonly store: KeptBlocks | undefined;
  readonly clock: Clock;
  /** What it returns ends when the block is not needed any more. */
  readonly kept: (block: FollowedBlock) => Promise<void> | undefined;
  readonly problem: (sentence: string | undefined) => void;
}

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #waiting: FollowedBlock[] = [];
  #bytesWaiting = 0;
  #isKeeping = false;
  #isRefused = false;
  #refusal: string | undefined;
  #isStopped = false;
  #cancelRetry: Cancel = () => {};
  #wake: (() => void)[] = [];

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  get bytesWaiting(): number {
    return this.#bytesWaiting;
  }

  /** Why the last write failed; undefined: it succeeded. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  get isFull(): boolean {
    return this.#bytesWaiting >= WAITING_BYTES_MAX;
  }

  /** Resolves when the backlog shrinks, or it was stopped. */
  roomy(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isStopped) resolve();
      else this.#wake.push(resolve);
    });
  }

  keep(block: FollowedBlock): void {
    const { store, kept } = this.#options;
    if (store === undefined) {
      const taken = kept(block);
      if (taken === undefined) return;
      this.#bytesWaiting += sizeOf(block);
      void taken.then(() => this.#forget(block));
      return;
    }
    this.#waiting.push(block);
    this.#bytesWaiting += sizeOf(block);
    void this.#run(store);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelRetry();
    this.#letGo();
  }

  async #run(store: KeptBlocks): Promise<void> {
    if (this.#isKeeping || this.#isRefused) return;
    this.#isKeeping = true;
    try {
      while (this.#waiting.length > 0 && !this.#isStopped) {
        const batch = this.#nextBatch();
        const blocks = await withTransactions(batch, this.#options.clock);
        await store.append(blocks, configurationIn(batch, store.height === undefined));
        this.#done(batch);
      }
    } catch (error) {
      this.#refused(store, error);
    } finally {
      this.#isKeeping = false;
    }
  }

  #nextBatch(): readonly FollowedBlock[] {
    let bytes = 0;
    const end = this.#waiting.findIndex((block, i) => {
      bytes += sizeOf(block);
      return i >= BATCH_BLOCKS || (i > 0 && bytes > BATCH_BYTES);
    });
    return this.#waiting.slice(0, end < 0 ? undefined : end);
  }

  #done(batch: readonly FollowedBlock[]): void {
    this.#refusal = undefined;
    this.#options.problem(undefined);
    for (const block of batch) {
      this.#waiting.shift();
      this.#forget(block);
      if (!this.#isStopped) void this.#options.kept(block);
    }
  }

  #forget(block: FollowedBlock): void {
    this.#bytesWaiting -= sizeOf(block);
    if (!this.isFull) this.#letGo();
  }

  #refused(store: KeptBlocks, error: unknown): void {
    if (this.#isStopped) return;
    this.#isRefused = true;
    const reason = reasonOf(error);
    this.#refusal = reason;
    this.#options.problem(
      `Blocks cannot be kept (${reason}): make room in fabricGossip.stateDir, let it be written, or give each member one of its own.`,
    );
    this.#cancelRetry = this.#options.clock.after(RETRY_MS, () => {
      this.#isRefused = false;
      void this.#run(store);
    });
  }

  #letGo(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** The configuration block that applies after the batch, if the store has another one or none. */
function configurationIn(
  batch: readonly FollowedBlock[],
  isFirst: boolean,
): Uint8Array | undefined {
  const brought = batch.findLast(({ brings }) => brings !== undefined)?.brings;
  const trust = brought ?? (isFirst ? batch[0]?.trust : undefined);
  return trust?.block.bytes;
}

/** What a block takes in memory beside its bytes. */
const OVERHEAD_BYTES = 4_096;

const sizeOf = ({ verified }: FollowedBlock): number =>
  verified.block.bytes.length + OVERHEAD_BYTES;

/** With the ids of their transactions. */
async function withTransactions(
  batch: readonly FollowedBlock[],
  clock: Clock,
): Promise<readonly BlockToKeep[]> {
  const slices = startSlices(clock);
  const blocks: BlockToKeep[] = [];
  for (const block of batch) {
    const { bytes, header, transactions } = block.verified.block;
    const txIds: string[] = [];
    for (const transaction of transactions) {
      txIds.push(channelHeaderOf(transaction)?.txId ?? "");
      await slices.breathe();
    }
    blocks.push({ number: header.number, bytes, txIds, note: noteOf(block) });
  }
  return blocks;
}
