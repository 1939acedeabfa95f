/** Virtual time: a clock that advances only on request. */
import type { Now } from "../src/core/types/host.ts";
import type { Cancel, Clock } from "../src/transport/network.ts";

export interface VirtualClock extends Clock {
  now(): Now;
  /** Once due, the callback is left to the owner, if there is one. */
  after(delayMs: number, callback: () => void, owner?: TimerOwner): Cancel;
  /**
   * Advances the clock and runs callbacks ordered by due time, then by registration. Returns whether
   * any ran.
   */
  advance(elapsedMs: number): boolean;
  /** The same up to a moment, which is reached without rounding. */
  runUntil(elapsedMs: number): boolean;
  /** Runs the next callback that is due by this moment; false: there is none, and nothing moved. */
  runNext(untilMs: number): boolean;
  /** Number of pending callbacks. */
  readonly waiting: number;
}

/** Something to do. */
export interface Task {
  /** Undefined after the call or cancellation. */
  callback: (() => void) | undefined;
}

interface Timer extends Task {
  readonly dueMs: number;
  readonly order: number;
  /** Whose timer it is; undefined: nobody's. */
  readonly owner: TimerOwner | undefined;
  isWaiting: boolean;
}

/** Takes its timers when they are due: runs them at once, later, or never. */
export interface TimerOwner {
  take(task: Task): void;
}

/** Cancelled timers stay in the heap until due, or until it holds this many of them. */
const CANCELLED_MAX = 1_000;

/** A clock at 0 ms elapsed. `wallMs` is its wall time at the start. */
export function createVirtualClock(wallMs = 1_700_000_000_000): VirtualClock {
  let now: Now = { elapsedMs: 0, wallMs };
  let heap: Timer[] = [];
  let [order, cancelled] = [0, 0];

  function moveTo(elapsedMs: number): void {
    if (elapsedMs > now.elapsedMs) now = { elapsedMs, wallMs: wallMs + elapsedMs };
  }

  function runNext(untilMs: number): boolean {
    for (let next = heap[0]; next !== undefined && next.dueMs <= untilMs; next = heap[0]) {
      pop(heap);
      next.isWaiting = false;
      if (next.callback === undefined) {
        cancelled -= 1;
        continue;
      }
      moveTo(next.dueMs);
      runDue(next);
      return true;
    }
    return false;
  }

  return {
    get waiting() {
      return heap.length - cancelled;
    },
    now: () => now,

    after(delayMs, callback, owner): Cancel {
      const dueMs = now.elapsedMs + delayMs;
      const timer: Timer = { dueMs, order: order++, callback, owner, isWaiting: true };
      push(heap, timer);
      return () => {
        if (timer.callback === undefined) return;
        timer.callback = undefined;
        if (!timer.isWaiting) return;
        cancelled += 1;
        if (cancelled <= CANCELLED_MAX || cancelled <= heap.length / 2) return;
        [heap, cancelled] = [withoutCancelled(heap), 0];
      };
    },

    runNext,

    runUntil(elapsedMs) {
      let hasRun = false;
      while (runNext(elapsedMs)) hasRun = true;
      moveTo(elapsedMs);
      return hasRun;
    },

    advance(durationMs) {
      return this.runUntil(now.elapsedMs + durationMs);
    },
  };
}

function runDue(timer: Timer): void {
  if (timer.owner === undefined) runTask(timer);
  else timer.owner.take(timer);
}

/** Calls back, once, unless it was cancelled. */
export function runTask(task: Task): void {
  const { callback } = task;
  task.callback = undefined;
  callback?.();
}

function withoutCancelled(heap: readonly Timer[]): Timer[] {
  const kept: Timer[] = [];
  for (const timer of heap) if (timer.callback !== undefined) push(kept, timer);
  return kept;
}

function isSooner(a: Timer, b: Timer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

/** A binary heap: the soonest timer is the first, the children of `i` are at `2i + 1` and `2i + 2`. */
function push(heap: Timer[], timer: Timer): void {
  let at = heap.length;
  heap.push(timer);
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || isSooner(parent, timer)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = timer;
}

/** Removes the first. */
function pop(heap: Timer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    let child = heap[below];
    if (child === undefined) break;
    const right = heap[below + 1];
    if (right !== undefined && isSooner(right, child)) {
      child = right;
      below += 1;
    }
    if (isSooner(last, child)) break;
    heap[at] = child;
    at = below;
  }
  heap[at] = last;
}
