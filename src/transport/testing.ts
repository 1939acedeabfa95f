/** Time and dice for tests and simulations of the transport. */
import type { Now, Random } from "../core/abilities.ts";
import type { Cancel, Clock } from "./network.ts";

export interface VirtualClock extends Clock {
  now(): Now;
  /** Lets so much time pass, calling back in the order of due times, then of registration. */
  advance(elapsedMs: number): void;
  /** Callbacks that wait. */
  readonly waiting: number;
}

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is advanced. `wallMs` is its wall time at the start. */
export function createVirtualClock(wallMs = 1_700_000_000_000): VirtualClock {
  let elapsedMs = 0;
  const timers = new Set<Timer>();

  // Sets keep the order of insertion, so the first of equal due times is the oldest.
  function nextDue(untilMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of timers) {
      if (timer.dueMs <= untilMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }

  return {
    get waiting() {
      return timers.size;
    },
    now: () => ({ elapsedMs, wallMs: wallMs + elapsedMs }),

    after(delayMs, callback): Cancel {
      const timer = { dueMs: elapsedMs + delayMs, callback };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },

    advance(durationMs) {
      const untilMs = elapsedMs + durationMs;
      for (let timer = nextDue(untilMs); timer !== undefined; timer = nextDue(untilMs)) {
        timers.delete(timer);
        elapsedMs = Math.max(elapsedMs, timer.dueMs);
        timer.callback();
      }
      elapsedMs = untilMs;
    },
  };
}

/** Dice from a seed (splitmix64): the same seed, the same sequence. */
export function createSeededRandom(seed: number): Random {
  let state = BigInt(seed);
  const uint64 = (): bigint => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let mixed = state;
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n);
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn);
    return mixed ^ (mixed >> 31n);
  };
  return { uint64, below: (limit) => Number(uint64() % BigInt(limit)) };
}
