/**
 * What drives a state machine on this machine: the clock, the random numbers, and a loop with one
 * queue of inputs and one timer. Nothing here imports from Node, so browsers run it too.
 */
import { type Core, step } from "../core/core.ts";
import type { Effect } from "../core/types/effect.ts";
import type { Now, PkiId, Random } from "../core/types/host.ts";
import type { Input } from "../core/types/input.ts";
import type { ConnectionEvents, ConnectionsOptions } from "../transport/connection-options.ts";
import { type Connections, createConnections } from "../transport/connections.ts";
import type { Cancel, Clock } from "../transport/network.ts";
import { loopBusyMs } from "../transport/patience.ts";
import { looksLikeMemberMessage } from "../wire/envelope.ts";
import { Turns } from "./turns.ts";

/** The longest delay a timer can have; a longer one would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;
const POOL_BYTES = 4_096;
/** Clocks apart by more than this: the wall clock was set. By less: this process was held up between both. */
const WALL_SET_MS = 100;

/** Shared by all members of this thread. */
const TURNS = new Turns(
  () => performance.now(),
  (callback) => void setImmediate(callback),
);

/** The clocks and timers of this machine. */
export function createSystemClock(): Clock {
  let zeroMs = Number.NaN;
  return {
    now() {
      const [elapsedMs, wallMs] = [performance.now(), Date.now()];
      const isKept = Math.abs(wallMs - elapsedMs - zeroMs) < WALL_SET_MS;
      if (!isKept) zeroMs = wallMs - elapsedMs;
      return { elapsedMs, wallMs, zeroMs };
    },
    after(delayMs, callback) {
      // A timer of 0 ms takes 1 ms; an immediate lets I/O through and comes back at once.
      if (delayMs <= 0) {
        const immediate = setImmediate(callback);
        return () => clearImmediate(immediate);
      }
      const timer = setTimeout(callback, Math.min(Math.ceil(delayMs), TIMER_MS_MAX));
      return () => clearTimeout(timer);
    },
    inTurn: (callback) => TURNS.take(callback),
    busyMs: loopBusyMs,
  };
}

/** Random numbers from the operating system, drawn in bulk. */
export function createSystemRandom(): Random {
  const pool = new DataView(new ArrayBuffer(POOL_BYTES));
  let at = POOL_BYTES;
  const take = (bytes: number): number => {
    if (at + bytes > POOL_BYTES) {
      crypto.getRandomValues(new Uint8Array(pool.buffer));
      at = 0;
    }
    at += bytes;
    return at - bytes;
  };
  return {
    uint64: () => pool.getBigUint64(take(8)),
    below(limit) {
      // Values above the largest multiple of the limit would make small results likelier.
      const usable = 2 ** 32 - (2 ** 32 % limit);
      for (;;) {
        const value = pool.getUint32(take(4));
        if (value < usable) return value % limit;
      }
    },
  };
}

/** Time passes. */
interface Tick {
  readonly type: "tick";
}

const TICK: Tick = { type: "tick" };

interface Machine<Input, Effect> {
  readonly step: (input: Input | Tick, now: Now) => readonly Effect[];
  /** The elapsed time by which it must be called again; Infinity: no deadline. */
  readonly nextMs: () => number;
}

/** The only way to a state machine: inputs one by one, effects carried out in order. */
export class StepLoop<Input, Effect> {
  readonly #machine: Machine<Input, Effect>;
  readonly #clock: Clock;
  readonly #perform: (effect: Effect) => void;
  readonly #inputs: (Input | Tick)[] = [];
  readonly #tick = (): void => {
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    this.give(TICK);
  };
  #timerAtMs = Number.POSITIVE_INFINITY;
  #cancelTimer: Cancel = () => {};
  #isStepping = false;
  #isStopped = false;

  constructor(machine: Machine<Input, Effect>, clock: Clock, perform: (effect: Effect) => void) {
    this.#machine = machine;
    this.#clock = clock;
    this.#perform = perform;
  }

  /** Inputs that arrive while the machine works wait their turn. */
  give(input: Input | Tick): void {
    if (this.#isStepping) {
      this.#inputs.push(input);
      return;
    }
    this.#isStepping = true;
    try {
      let next: Input | Tick | undefined = input;
      while (next && !this.#isStopped) {
        for (const effect of this.#machine.step(next, this.#clock.now())) this.#perform(effect);
        next = this.#inputs.length > 0 ? this.#inputs.shift() : undefined;
      }
    } finally {
      this.#isStepping = false;
    }
    if (!this.#isStopped) this.#wakeBy(this.#machine.nextMs());
  }

  /** Ignores everything that is given from now on. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer();
  }

  /** Moves the timer forward if it would fire later than this. */
  #wakeBy(atMs: number): void {
    if (atMs >= this.#timerAtMs) return;
    this.#cancelTimer();
    this.#timerAtMs = atMs;
    const delayMs = Math.max(0, atMs - this.#clock.now().elapsedMs);
    const { inTurn } = this.#clock;
    this.#cancelTimer =
      inTurn && delayMs === 0
        ? inTurn(this.#tick)
        : this.#clock.after(Math.min(delayMs, TIMER_MS_MAX), this.#tick);
  }
}

export type CoreLoop = StepLoop<Input, Effect>;

/** What is done for a core beside what its connections do. */
export interface CoreHost extends Omit<ConnectionsOptions, "events" | "identityOf"> {
  readonly events: Omit<ConnectionEvents, "message">;
  /** Hears messages among members of our kind; without it, the core gets them. */
  readonly memberMessage?: (from: PkiId, bytes: Uint8Array) => void;
  /** Sees every effect before it is carried out. */
  readonly watch?: (effect: Effect) => void;
  readonly perform: (effect: Exclude<Effect, { type: "disconnect" | "send" }>) => void;
}

/** Joins a core and its connections: what they bring goes in, what it sends goes out. */
export function joinCore(
  core: Core,
  { events, memberMessage, perform, watch, ...options }: CoreHost,
): { readonly loop: CoreLoop; readonly connections: Connections } {
  const machine = {
    step: (input: Input, now: Now): readonly Effect[] => step(core, input, now),
    nextMs: (): number => core.expectedAtMs,
  };
  const loop: CoreLoop = new StepLoop<Input, Effect>(machine, options.clock, (effect) => {
    watch?.(effect);
    if (effect.type === "send") {
      connections.send({ pkiId: effect.to, endpoint: effect.endpoint }, effect.messages);
    } else if (effect.type === "disconnect") connections.disconnect(effect.pkiId, effect.why);
    else perform(effect);
  });
  const message = (from: PkiId, bytes: Uint8Array): void => {
    if (memberMessage && looksLikeMemberMessage(bytes)) memberMessage(from, bytes);
    else loop.give({ type: "message", from, bytes });
  };
  const connections = createConnections({
    ...options,
    identityOf: (pkiId) => core.identities.table.get(pkiId)?.identity,
    events: { ...events, message },
  });
  return { loop, connections };
}
