import type { Cancel, Clock } from "./network.ts";

/**
 * Pings that begin at once, however busy we are. Each is a TLS handshake: a process without time for
 * them would have ever more of them, and finish none.
 */
const UNDER_WAY_WHEN_BUSY = 2;
/** More of them wait so long, to see whether we are busy. */
const LOOK_MS = 100;
/** Above this share of that time, we are. */
const BUSY_SHARE = 1 / 2;

interface Waiting {
  readonly start: () => void;
  readonly isNeeded: () => boolean;
}

/** Holds pings back while our event loop is busy, and leaves out those that are no longer needed. */
export class PingQueue {
  readonly #clock: Clock;
  /** The one that has waited longest first. */
  readonly #waiting = new Set<Waiting>();
  #underWay = 0;
  #isLooking = false;
  #cancelLook: Cancel = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `begin` in its turn, unless it is cancelled or `isNeeded` denies it before. */
  take(begin: (ended: () => void) => void, isNeeded: () => boolean): Cancel {
    let isUnderWay = false;
    const ended = (): void => {
      if (!isUnderWay) return;
      isUnderWay = false;
      this.#underWay -= 1;
      this.#beginSome(UNDER_WAY_WHEN_BUSY);
    };
    const start = (): void => {
      isUnderWay = true;
      this.#underWay += 1;
      begin(ended);
    };
    const waiting: Waiting = { start, isNeeded };
    this.#waiting.add(waiting);
    const isEver = this.#clock.busyMs !== undefined;
    this.#beginSome(isEver ? UNDER_WAY_WHEN_BUSY : Number.POSITIVE_INFINITY);
    if (this.#waiting.size > 0 && !this.#isLooking) this.#look();
    return () => {
      this.#waiting.delete(waiting);
      ended();
    };
  }

  /** Forgets all that wait. */
  close(): void {
    this.#waiting.clear();
    this.#cancelLook();
  }

  #beginSome(underWayMax: number): void {
    for (const waiting of this.#waiting) {
      if (this.#underWay >= underWayMax) return;
      this.#waiting.delete(waiting);
      if (waiting.isNeeded()) waiting.start();
    }
  }

  #look(): void {
    const [sinceMs, beforeMs] = [this.#clock.now().elapsedMs, this.#busyMs()];
    this.#isLooking = true;
    this.#cancelLook = this.#clock.after(LOOK_MS, () => {
      const lookedMs = this.#clock.now().elapsedMs - sinceMs;
      const isBusy = this.#busyMs() - beforeMs > lookedMs * BUSY_SHARE;
      this.#isLooking = false;
      this.#beginSome(isBusy ? UNDER_WAY_WHEN_BUSY : Number.POSITIVE_INFINITY);
      if (this.#waiting.size > 0) this.#look();
    });
  }

  #busyMs(): number {
    return this.#clock.busyMs?.() ?? 0;
  }
}
