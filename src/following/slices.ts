/** Long work in short turns: nobody else waits for us longer than one of them. */
import { setImmediate as turn } from "node:timers/promises";
import type { InTurns } from "../channel/rules/in-turns.ts";

/** Well below the 20 ms that the event loop may be held, as one step more comes on top. */
const SLICE_MS = 6;

export interface Slices {
  /** Lets others have their turn, if ours has lasted long enough. */
  breathe(): Promise<void> | undefined;
}

export function startSlices(): Slices {
  let startedMs = performance.now();
  return {
    breathe() {
      if (performance.now() - startedMs < SLICE_MS) return undefined;
      return turn().then(() => {
        startedMs = performance.now();
      });
    },
  };
}

/** Carries out work that yields wherever it may be interrupted. */
export async function inSlices<T>(work: InTurns<T>): Promise<T> {
  const slices = startSlices();
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    const breath = slices.breathe();
    if (breath !== undefined) await breath;
  }
}
