/**
 * Shares the event loop. In each of its rounds all users may take so much time together; those that
 * have not had their turn by then come first in the next round, after timers and sockets.
 */

/** Time for hundreds of messages, and nobody notices. */
const ROUND_MS = 5;

export class FairScheduler {
  /** When this round ends; undefined until somebody uses it. */
  #endMs: number | undefined;
  /** Who waits for the next round, in the order in which they came. */
  readonly #waiting = new Set<() => void>();

  /** Whether the time of this round is used up. The first one to ask always gets a turn. */
  get isOver(): boolean {
    const nowMs = performance.now();
    return nowMs > (this.#endMs ?? this.#begin(nowMs));
  }

  /** Calls at once if there is time, else in turn. */
  take(turn: () => void): void {
    if (this.isOver) this.wait(turn);
    else turn();
  }

  /** Calls back when it is this one's turn. */
  wait(turn: () => void): void {
    this.#waiting.add(turn);
    if (this.#endMs === undefined) this.#begin(performance.now());
  }

  #begin(nowMs: number): number {
    setImmediate(() => this.#nextRound());
    this.#endMs = nowMs + ROUND_MS;
    return this.#endMs;
  }

  #nextRound(): void {
    this.#endMs = undefined;
    for (const turn of [...this.#waiting]) {
      if (this.isOver) return;
      this.#waiting.delete(turn);
      turn();
    }
  }
}
