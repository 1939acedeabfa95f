/** Counts of non-negative integers, with mean and percentiles. */

export interface NumberCounts {
  /** Adds a number; one above the maximum counts as the maximum. */
  add(value: number): void;
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

  return {
    counts,
    add(value) {
      const bin = Math.min(max, Math.max(0, value));
      counts[bin] = (counts[bin] ?? 0) + 1;
      total += 1;
      sum += bin;
      largest = Math.max(largest, bin);
    },
    figures: () =>
      total === 0
        ? { mean: 0, p50: 0, p99: 0, max: 0 }
        : { mean: sum / total, p50: percentile(0.5), p99: percentile(0.99), max: largest },
  };
}
