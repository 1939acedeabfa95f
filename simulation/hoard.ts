/**
 * Messages that a hostile member keeps until their authors have died. A member that signs anew for each
 * request has sent its last messages to this peer only, so that to all others they are news.
 */
import { readAlive } from "./checkers/wire-reader.ts";
import { aliveMessagesIn } from "./habits.ts";

interface Kept {
  readonly time: bigint;
  readonly bytes: Uint8Array;
  /** Since when its author is gone; undefined while it lives. */
  goneMs: number | undefined;
}

/** Longer than the time in which a message of a dead member counts as still under way. */
const HELD_BACK_MS = 6_500;

export class Hoard {
  readonly #isGone: (pkiId: string) => boolean;
  readonly #kept = new Map<string, Kept>();

  /** `isGone`: whether the process of this PKI-ID has ended, as its broken connections show. */
  constructor(isGone: (pkiId: string) => boolean) {
    this.#isGone = isGone;
  }

  /** Keeps the newest message of each author. */
  keep(bytes: Uint8Array): void {
    for (const one of aliveMessagesIn(bytes)) {
      const said = readAlive(one);
      if (said === undefined || said.time <= (this.#kept.get(said.pkiId)?.time ?? -1n)) continue;
      this.#kept.set(said.pkiId, { time: said.time, bytes: one, goneMs: undefined });
    }
  }

  /** What to list now. */
  due(nowMs: number): readonly Uint8Array[] {
    const due: Uint8Array[] = [];
    for (const [pkiId, kept] of this.#kept) {
      kept.goneMs = this.#isGone(pkiId) ? (kept.goneMs ?? nowMs) : undefined;
      if (kept.goneMs !== undefined && nowMs - kept.goneMs > HELD_BACK_MS) due.push(kept.bytes);
    }
    return due;
  }
}
