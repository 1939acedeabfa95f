/** How long something took, counted by how long at most: a histogram as Prometheus knows it. */

export interface Histogram {
  /** Upper bounds in seconds, ascending; what is longer than the last is counted all the same. */
  readonly bounds: readonly number[];
  /** How often a duration was at most the bound of the same index, and above the one before. */
  readonly counts: number[];
  /** All durations together, in seconds, and how many they were. */
  sum: number;
  count: number;
}

export function createHistogram(bounds: readonly number[]): Histogram {
  return { bounds, counts: bounds.map(() => 0), sum: 0, count: 0 };
}

export function observe(histogram: Histogram, seconds: number): void {
  const { bounds, counts } = histogram;
  const index = bounds.findIndex((bound) => seconds <= bound);
  if (index >= 0) counts[index] = (counts[index] ?? 0) + 1;
  histogram.sum += seconds;
  histogram.count += 1;
}
