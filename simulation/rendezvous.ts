/** Threads that wait for each other, and tell each other a few numbers whenever they meet. */

/** Numbers that each thread tells. */
export const WIDTH = 4;
/** How often a thread looks whether the others have come, before it sleeps. */
const LOOKS = 3_000;
/** Places of the counters. */
const [ARRIVED, BROKEN] = [0, 1];
const HEADER_BYTES = 8;

export type Row = readonly [number, number, number, number];

export class Rendezvous {
  readonly index: number;
  readonly count: number;
  readonly #counters: Int32Array;
  /** Two tables in turn: who is fast writes into the next while others still read the last. */
  readonly #tables: readonly [Float64Array, Float64Array];
  #meetings = 0;

  /** `memory`: of {@link rendezvousMemory}, the same for all threads. */
  constructor(memory: SharedArrayBuffer, index: number, count: number) {
    this.index = index;
    this.count = count;
    const table = (place: number): Float64Array =>
      new Float64Array(memory, HEADER_BYTES + place * tableBytes(count), WIDTH * count);
    this.#counters = new Int32Array(memory, 0, 2);
    this.#tables = [table(0), table(1)];
  }

  /** Tells the others these numbers; returns theirs and its own, thread by thread, until the next meeting. */
  meet(row: Row): Float64Array {
    const table = this.#tables[this.#meetings % 2 === 0 ? 0 : 1];
    table.set(row, WIDTH * this.index);
    this.#meetings += 1;
    const counters = this.#counters;
    // The counter may wrap around: only the difference counts.
    const all = (this.#meetings * this.count) | 0;
    Atomics.add(counters, ARRIVED, 1);
    Atomics.notify(counters, ARRIVED);
    let looks = 0;
    for (;;) {
      const arrived = Atomics.load(counters, ARRIVED);
      if (((arrived - all) | 0) >= 0) return table;
      if (Atomics.load(counters, BROKEN) !== 0) throw new Error("another thread broke off");
      looks += 1;
      if (looks > LOOKS) Atomics.wait(counters, ARRIVED, arrived);
    }
  }

  /** The sums of what the threads tell. */
  sum(row: Row): Row {
    const table = this.meet(row);
    const total: [number, number, number, number] = [0, 0, 0, 0];
    for (let i = 0; i < table.length; i++) {
      const column = i % WIDTH;
      total[column] = (total[column] ?? 0) + (table[i] ?? 0);
    }
    return total;
  }

  /** This thread comes no more: whoever waits for it is told so. */
  breakOff(): void {
    const counters = this.#counters;
    Atomics.store(counters, BROKEN, 1);
    // Whoever sleeps waits for this number to change.
    Atomics.sub(counters, ARRIVED, 1);
    Atomics.notify(counters, ARRIVED);
  }
}

function tableBytes(count: number): number {
  return Float64Array.BYTES_PER_ELEMENT * WIDTH * count;
}

export function rendezvousMemory(count: number): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + 2 * tableBytes(count));
}
