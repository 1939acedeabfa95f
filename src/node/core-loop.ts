/** The only way to the core: one queue of inputs, one timer, effects carried out in order. */
import { type Core, step } from "../core/core.ts";
import type { Effect } from "../core/types/effect.ts";
import type { Input } from "../core/types/input.ts";
import type { Clock } from "../transport/network.ts";
import { type Alarm, createAlarm } from "./timer.ts";

export class CoreLoop {
  readonly #core: Core;
  readonly #clock: Clock;
  readonly #perform: (effect: Effect) => void;
  readonly #inputs: Input[] = [];
  readonly #alarm: Alarm;
  #isStepping = false;
  #isStopped = false;

  constructor(core: Core, clock: Clock, perform: (effect: Effect) => void) {
    this.#core = core;
    this.#clock = clock;
    this.#perform = perform;
    this.#alarm = createAlarm(clock, () => this.give({ type: "tick" }));
  }

  /** Inputs that come up while the core works wait their turn. */
  give(input: Input): void {
    this.#inputs.push(input);
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      for (let next = this.#inputs.shift(); next && !this.#isStopped; next = this.#inputs.shift()) {
        for (const effect of step(this.#core, next, this.#clock.now())) this.#perform(effect);
      }
    } finally {
      this.#isStepping = false;
    }
    if (!this.#isStopped) this.#alarm.wakeBy(this.#core.expectedAtMs);
  }

  /** What is given from now on is not looked at. */
  stop(): void {
    this.#isStopped = true;
    this.#alarm.cancel();
  }
}
