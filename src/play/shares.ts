/** The share of members that agree, over virtual time: the same however the run is played. */
import type { Agreement } from "./agreement.ts";

/** What the page draws of one moment. */
export interface Share {
  readonly atMs: number;
  /** Members with an exact view, of all that run: 0 to 1. */
  readonly agreeing: number;
  /** Views of members that are gone, of all pairs that should see each other: 0 to 1. */
  readonly ghosts: number;
}

const PERIOD_MS = 250;
/** In a large network a comparison costs more. */
const LARGE = 100;
const LARGE_PERIOD_MS = 1_000;
/** Maximum points kept until they are asked for; then every second one is left out. */
const POINTS_MAX = 600;

export class Shares {
  #points: Share[] = [];
  #periodMs: number;
  #dueMs = 0;

  constructor(members: number) {
    this.#periodMs = members > LARGE ? LARGE_PERIOD_MS : PERIOD_MS;
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.#dueMs;
  }

  note(atMs: number, agreement: Agreement): void {
    this.#points.push(shareOf(atMs, agreement));
    if (this.#points.length > POINTS_MAX) {
      this.#points = this.#points.filter((_, place) => place % 2 === 0);
      this.#periodMs *= 2;
    }
    this.#dueMs = atMs + this.#periodMs;
  }

  /** Everything since the previous call. */
  take(): readonly Share[] {
    const points = this.#points;
    this.#points = [];
    return points;
  }
}

export function shareOf(atMs: number, { agreeing, running, expected, ghosts }: Agreement): Share {
  return {
    atMs,
    agreeing: running === 0 ? 0 : agreeing / running,
    ghosts: expected === 0 ? 0 : Math.min(1, ghosts / expected),
  };
}
