/** The only way to the core. */
import { type Core, step } from "../core/core.ts";
import type { Effect } from "../core/types/effect.ts";
import type { Input } from "../core/types/input.ts";
import type { Clock } from "../transport/network.ts";
import { StepLoop } from "./step-loop.ts";

export class CoreLoop extends StepLoop<Input, Effect> {
  constructor(core: Core, clock: Clock, perform: (effect: Effect) => void) {
    const nextMs = (): number => core.expectedAtMs;
    super({ step: (input, now) => step(core, input, now), nextMs }, clock, perform);
  }
}
