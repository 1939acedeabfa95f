/** A simulated process: it may stall, end, or have a skewed clock. */
import type { Now } from "../src/core/types/host.ts";
import type { Clock } from "../src/transport/network.ts";
import { runTask, type Task, type TimerOwner, type VirtualClock } from "./clock.ts";

export class Process implements TimerOwner {
  /** The process's own clock; its callbacks run only while the process runs. */
  readonly clock: Clock;
  readonly #machine: VirtualClock;
  #skewMs: number;
  #isStalled = false;
  #hasEnded = false;
  /** Work that came due during a stall. */
  #held: Task[] = [];
  #machineNow: Now;
  #now: Now;

  /** `skewMs`: how far its wall clock is ahead of the true time. */
  constructor(machine: VirtualClock, skewMs = 0) {
    this.#machine = machine;
    this.#skewMs = skewMs;
    this.#machineNow = machine.now();
    this.#now = skewed(this.#machineNow, skewMs);
    this.clock = {
      now: () => this.#readClock(),
      after: (delayMs, callback) => machine.after(delayMs, callback, this),
    };
  }

  get skewMs(): number {
    return this.#skewMs;
  }

  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** Skews the wall clock; the monotonic clock is unaffected. */
  setSkew(skewMs: number): void {
    this.#skewMs = skewMs;
    this.#now = skewed(this.#machineNow, skewMs);
  }

  /** Stalls the process. */
  stall(): void {
    this.#isStalled = true;
  }

  /** Resumes the process; first runs the work that came due meanwhile, in order. */
  resume(): void {
    if (!this.#isStalled) return;
    this.#isStalled = false;
    const held = this.#held;
    this.#held = [];
    this.#machine.after(0, () => {
      for (const task of held) this.take(task);
    });
  }

  /** Runs work now, or after a stall ends. */
  run(act: () => void): void {
    this.take({ callback: act });
  }

  /** Runs what is due, or holds it back while the process is stalled. */
  take(task: Task): void {
    if (this.#hasEnded) return;
    if (this.#isStalled) this.#held.push(task);
    else runTask(task);
  }

  /** Ends the process: no further work runs. */
  end(): void {
    this.#hasEnded = true;
    this.#held = [];
  }

  #readClock(): Now {
    const now = this.#machine.now();
    if (now !== this.#machineNow) {
      this.#machineNow = now;
      this.#now = skewed(now, this.#skewMs);
    }
    return this.#now;
  }
}

function skewed(now: Now, skewMs: number): Now {
  return skewMs === 0 ? now : { elapsedMs: now.elapsedMs, wallMs: now.wallMs + skewMs };
}
