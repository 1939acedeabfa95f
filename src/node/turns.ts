/**
 * Turns on the event loop for work that can wait, as a long list of members to be checked. Many members
 * may share a thread. If each did a part in every round of the loop, rounds would be so long that
 * handshakes, which take a dozen of them, came too late and were begun anew.
 */
import type { Cancel } from "../transport/network.ts";

/** For all members together, in a round of the loop; or as much as everything else has taken. */
const ROUND_MS = 5;
const ROUND_MS_MAX = 100;
/** Whoever has begun goes on so long before the next one: others have use of what is finished. */
const STAY_MS = 200;

export class Turns {
  readonly #nowMs: () => number;
  readonly #nextRound: (round: () => void) => void;
  readonly #waiting: (() => void)[] = [];
  #isAwake = false;
  #isRunning = false;
  /** When the last round ended. */
  #endedMs = 0;
  /** Until when the first one stays first. */
  #stayUntilMs = 0;

  constructor(nowMs: () => number, nextRound: (round: () => void) => void) {
    this.#nowMs = nowMs;
    this.#nextRound = nextRound;
  }

  /** Calls back when it is this one's turn, never from within this call. */
  take(turn: () => void): Cancel {
    const own = (): void => turn();
    if (this.#isRunning && this.#nowMs() < this.#stayUntilMs) this.#waiting.unshift(own);
    else this.#waiting.push(own);
    this.#wake();
    return () => {
      const index = this.#waiting.indexOf(own);
      if (index >= 0) this.#waiting.splice(index, 1);
    };
  }

  #wake(): void {
    if (this.#isAwake) return;
    this.#isAwake = true;
    this.#nextRound(() => this.#round());
  }

  /** Whoever is alone has one turn in a round: nobody waits for the rest. */
  #round(): void {
    this.#isAwake = false;
    const startMs = this.#nowMs();
    const others = Math.min(startMs - this.#endedMs, ROUND_MS_MAX);
    const endMs = startMs + Math.max(ROUND_MS, others);
    do this.#runNext();
    while (this.#waiting.length > 1 && this.#nowMs() < endMs);
    this.#endedMs = this.#nowMs();
    if (this.#waiting.length > 0) this.#wake();
  }

  #runNext(): void {
    const nowMs = this.#nowMs();
    if (nowMs >= this.#stayUntilMs) this.#stayUntilMs = nowMs + STAY_MS;
    this.#isRunning = true;
    this.#waiting.shift()?.();
    this.#isRunning = false;
  }
}
