/** The members that have each event, and when the last one got it. */
import { quantile, round } from "./measure.ts";

export interface ArrivalFigures {
  /** Milliseconds from the call until the last member has the event. */
  readonly lastMsP50: number;
  readonly lastMsP99: number;
  readonly lastMsMax: number;
  /** Missing and duplicate deliveries. */
  readonly missing: number;
  readonly twice: number;
}

/** The members that have each event, and when the last one got it. */
export class Arrivals {
  readonly #members: number;
  readonly #nowMs: () => number;
  readonly #sentMs: number[] = [];
  readonly #lastMs: number[] = [];
  readonly #seen = new Set<number>();
  #twice = 0;

  constructor(members: number, nowMs: () => number) {
    this.#members = members;
    this.#nowMs = nowMs;
  }

  sent(event: number): void {
    this.#sentMs[event] = this.#nowMs();
  }

  note(member: number, payload: Uint8Array): void {
    const event = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
    const key = event * this.#members + member;
    if (this.#seen.has(key)) this.#twice += 1;
    this.#seen.add(key);
    this.#lastMs[event] = this.#nowMs() - (this.#sentMs[event] ?? 0);
  }

  isComplete(): boolean {
    return this.#seen.size === this.#sentMs.length * this.#members;
  }

  figures(): ArrivalFigures {
    const at = (share: number): number => round(quantile(this.#lastMs, share), 1);
    return {
      lastMsP50: at(0.5),
      lastMsP99: at(0.99),
      lastMsMax: at(1),
      missing: this.#sentMs.length * this.#members - this.#seen.size,
      twice: this.#twice,
    };
  }
}
