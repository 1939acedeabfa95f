/** The heights of a channel's members over the last hour, thinned out. Bounded; pure. */

/** How a member's height has grown. */
export interface MemberHeights {
  /** 64 hex digits. */
  readonly pkiId: string;
  /** The oldest first; each height holds until the next one. */
  readonly points: readonly HeightPoint[];
}

export interface HeightPoint {
  readonly time: Date;
  readonly height: bigint;
}

interface Point {
  readonly atMs: number;
  readonly height: bigint;
}

/** Enough for the whole span at the shortest distance. */
const [SPAN_MS, DISTANCE_MS] = [3_600_000, 15_000];
const MEMBERS_MAX = 200;

export class HeightSeries {
  readonly #series = new Map<string, Point[]>();

  /** A member has this height since then. Of points that are closer than 15 s, the newest stays. */
  add(pkiId: string, height: bigint, atMs: number): void {
    const points = this.#series.get(pkiId) ?? this.#begin(pkiId, atMs);
    if (points === undefined) return;
    const [before, last] = points.slice(-2);
    if (before && last && last.atMs - before.atMs < DISTANCE_MS) points.pop();
    points.push({ atMs, height });
    // One from before the span stays: it says what the height was when the span began.
    while ((points[1]?.atMs ?? atMs) <= atMs - SPAN_MS) points.shift();
  }

  list(): readonly MemberHeights[] {
    return [...this.#series].map(([pkiId, points]) => ({
      pkiId,
      points: points.map(({ atMs, height }) => ({ time: new Date(atMs), height })),
    }));
  }

  /** Undefined if there are too many members; one that has been silent for the whole span gives way. */
  #begin(pkiId: string, atMs: number): Point[] | undefined {
    if (this.#series.size >= MEMBERS_MAX) {
      const isOver = ([, points]: [string, Point[]]) =>
        (points.at(-1)?.atMs ?? 0) <= atMs - SPAN_MS;
      const over = [...this.#series].find(isOver);
      if (over === undefined) return undefined;
      this.#series.delete(over[0]);
    }
    const points: Point[] = [];
    this.#series.set(pkiId, points);
    return points;
  }
}
