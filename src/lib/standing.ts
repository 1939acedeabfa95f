import { BoundedMap } from "./bounded-map.ts";
import { LeakyBucket } from "./rate-limit.ts";

/** One failure is forgotten in 10 s; of many, one after the other. */
const FORGOTTEN_MS = 10_000;
const FAILURES_MAX = 100;
const ORIGINS_MAX = 10_000;

/**
 * How often everybody has come lately without proving who he is. Where there is no room for all, this
 * tells a newcomer from a crowd that comes again and again, even if each of it has its own address.
 */
export class Standing {
  /** By origin; of too many, whose last failure is longest ago is forgotten. */
  readonly #failures = new BoundedMap<string, LeakyBucket>(ORIGINS_MAX);
  readonly #nowMs: () => number;

  /** `nowMs`: monotonic time. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  failed(origin: string): void {
    const failures =
      this.#failures.get(origin) ?? new LeakyBucket({ burst: 0, perSecond: 1_000 / FORGOTTEN_MS });
    this.#failures.set(origin, failures);
    const nowMs = this.#nowMs();
    if (failures.waitMs(nowMs) < FORGOTTEN_MS * FAILURES_MAX) failures.take(1, nowMs);
  }

  /**
   * Of these, one origin for each that is here: the one that has most here and in failures, the first of
   * several; undefined = nobody is here.
   */
  worstOf(here: readonly string[]): string | undefined {
    const counts = new Map<string, number>();
    for (const origin of here) counts.set(origin, (counts.get(origin) ?? 0) + 1);
    const nowMs = this.#nowMs();
    let [worst, most]: [string | undefined, number] = [undefined, 0];
    for (const [origin, count] of counts) {
      const failedMs = this.#failures.get(origin)?.waitMs(nowMs) ?? 0;
      const all = count + Math.ceil(failedMs / FORGOTTEN_MS);
      if (all > most) [worst, most] = [origin, all];
    }
    return worst;
  }
}
