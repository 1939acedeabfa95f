/** The only way to a state machine: one queue of inputs, one timer, effects carried out in order. */
import type { Now } from "../core/types/host.ts";
import type { Clock } from "../transport/network.ts";
import { type Alarm, createAlarm } from "./timer.ts";

/** Time passes. */
interface Tick {
  readonly type: "tick";
}

interface Machine<Input, Effect> {
  readonly step: (input: Input | Tick, now: Now) => readonly Effect[];
  /** The elapsed time at which it wants to be called at the latest; Infinity: not at all. */
  readonly nextMs: () => number;
}

export class StepLoop<Input, Effect> {
  readonly #machine: Machine<Input, Effect>;
  readonly #clock: Clock;
  readonly #perform: (effect: Effect) => void;
  readonly #inputs: (Input | Tick)[] = [];
  readonly #alarm: Alarm;
  #isStepping = false;
  #isStopped = false;

  constructor(machine: Machine<Input, Effect>, clock: Clock, perform: (effect: Effect) => void) {
    this.#machine = machine;
    this.#clock = clock;
    this.#perform = perform;
    this.#alarm = createAlarm(clock, () => this.give({ type: "tick" }));
  }

  /** Inputs that come up while the machine works wait their turn. */
  give(input: Input | Tick): void {
    this.#inputs.push(input);
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      for (let next = this.#inputs.shift(); next && !this.#isStopped; next = this.#inputs.shift()) {
        for (const effect of this.#machine.step(next, this.#clock.now())) this.#perform(effect);
      }
    } finally {
      this.#isStepping = false;
    }
    if (!this.#isStopped) this.#alarm.wakeBy(this.#machine.nextMs());
  }

  /** What is given from now on is not looked at. */
  stop(): void {
    this.#isStopped = true;
    this.#alarm.cancel();
  }
}
