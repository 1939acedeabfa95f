/** Verified blocks that wait for whoever reads them. */
import type { FollowedBlock } from "../following/block-peer.ts";
import type { FollowerEvents } from "../following/follower.ts";
import { Bell } from "../lib/bell.ts";

/** Taken in one go: as much as a peer gives in one answer. */
const RUN_BLOCKS_MAX = 11;
const RUN_BYTES_MAX = 4_194_304;

interface Waiting {
  readonly block: FollowedBlock;
  /** Gives its share of memory free. */
  readonly used: () => void;
}

export class Inbox {
  readonly #bell = new Bell();
  readonly #waiting: Waiting[] = [];
  readonly #taken: Waiting[] = [];
  #problem: string | undefined;

  /** Why no more blocks come, in a sentence. */
  get problem(): string | undefined {
    return this.#problem;
  }

  readonly events: Omit<FollowerEvents, "rejected" | "forked"> = {
    block: (block) => {
      const { promise, resolve: used } = Promise.withResolvers<void>();
      this.#waiting.push({ block, used });
      this.#bell.ring();
      return promise;
    },
    configured: () => {},
    ended: () => {}, // Told as a problem, too.
    problem: (sentence) => {
      this.#problem = sentence;
      this.#bell.ring();
    },
    idle: () => this.#bell.ring(),
  };

  /** The next blocks of one giver. */
  take(): readonly FollowedBlock[] {
    const [first] = this.#waiting;
    let bytes = 0;
    const end = this.#waiting.findIndex(({ block: { from, verified } }, i) => {
      bytes += verified.block.bytes.length;
      const isFull = i >= RUN_BLOCKS_MAX || (i > 0 && bytes > RUN_BYTES_MAX);
      return isFull || from.pkiId !== first?.block.from.pkiId;
    });
    const run = this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
    this.#taken.push(...run);
    return run.map(({ block }) => block);
  }

  /** Those that were taken are not needed any more. */
  used(): void {
    for (const { used } of this.#taken.splice(0)) used();
  }

  changed(signal: AbortSignal | undefined): Promise<void> {
    return this.#bell.heard(signal);
  }
}
