/**
 * Work that may be interrupted. It yields wherever somebody else may have a turn; each step takes a few
 * milliseconds at most. Whoever drives it decides whether to pause.
 */
export type InTurns<T> = Generator<undefined, T, undefined>;

/** Runs all steps without pausing. */
export function atOnce<T>(work: InTurns<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}
