/** Counts of non-negative integers, with mean and percentiles. */

export interface NumberCounts {
  /** Adds a number; one above the maximum counts as the maximum. */
  add(value: number): void;
  /** Adds how often each number occurred. */
  addAll(counts: Float64Array): void;
  readonly counts: Float64Array;
  figures(): { mean: number; p50: number; p99: number; max: number };
}

export function createNumberCounts(max: number): NumberCounts {
  const counts = new Float64Array(max + 1);
  let [total, sum, largest] = [0, 0, 0];

  function percentile(share: number): number {
    let seen = 0;
    for (let value = 0; value <= max; value++) {
      seen += counts[value] ?? 0;
      if (seen >= total * share) return value;
    }
    return largest;
  }

  function addTimes(value: number, times: number): void {
    const bin = Math.min(max, Math.max(0, value));
    counts[bin] = (counts[bin] ?? 0) + times;
    total += times;
    sum += times * bin;
    largest = Math.max(largest, bin);
  }

  return {
    counts,
    add: (value) => addTimes(value, 1),
    addAll(others) {
      for (const [value, times] of others.entries()) if (times > 0) addTimes(value, times);
    },
    figures: () =>
      total === 0
        ? { mean: 0, p50: 0, p99: 0, max: 0 }
        : { mean: sum / total, p50: percentile(0.5), p99: percentile(0.99), max: largest },
  };
}
