/** Long work in short turns: nobody else waits for us longer than one of them. */
import { setImmediate as turn } from "node:timers/promises";

/** Well below the 20 ms that the event loop may be held, as one step more comes on top. */
const SLICE_MS = 6;

/** Any clock of ours. */
interface SliceClock {
  now(): { readonly elapsedMs: number };
}

interface Slices {
  /** Lets others have their turn, if ours has lasted long enough. */
  breathe(): Promise<void> | undefined;
}

const REAL: SliceClock = {
  now: () => ({ elapsedMs: performance.now() }),
};

/** In virtual time nobody waits, and nothing is interrupted. */
export function startSlices(clock: SliceClock = REAL): Slices {
  let startedMs = clock.now().elapsedMs;
  return {
    breathe() {
      if (clock.now().elapsedMs - startedMs < SLICE_MS) return undefined;
      return turn().then(() => {
        startedMs = clock.now().elapsedMs;
      });
    },
  };
}

/** Carries out work that may be interrupted. */
export async function turnsOf<T>(
  work: Generator<undefined, T, undefined>,
  clock: SliceClock = REAL,
): Promise<T> {
  const slices = startSlices(clock);
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    const breath = slices.breathe();
    if (breath !== undefined) await breath;
  }
}
