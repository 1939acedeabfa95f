/** Threads that tell each other a few numbers at each meeting, and wait for each other as little as they can. */

/** Numbers that each thread tells. */
export const WIDTH = 4;
/** How often a thread looks whether the others have come, before it sleeps. */
const LOOKS = 3_000;
/** So long at most, lest it wait for somebody who waits for a thread that broke off. */
const SLEEP_MS = 100;
/** How many meetings later a thread may wait for one. */
export const LATE_MAX = 3;
/** Fewer meetings than these lie between what one thread writes and what another one has yet to read. */
const KEPT = 2 * (LATE_MAX + 1);

export type Row = readonly [number, number, number, number];

export class Rendezvous {
  readonly index: number;
  readonly count: number;
  /** How often each thread has arrived; behind that, whether one broke off. */
  readonly #counters: Int32Array;
  readonly #rows: Float64Array;
  #meetings = 0;

  /** `memory`: of {@link rendezvousMemory}, the same for all threads. */
  constructor(memory: SharedArrayBuffer, index: number, count: number) {
    this.index = index;
    this.count = count;
    this.#counters = new Int32Array(memory, 0, count + 1);
    this.#rows = new Float64Array(memory, headerBytes(count), KEPT * WIDTH * count);
  }

  /** The number of the meeting at which this thread arrived last; 0: at none. */
  get meetings(): number {
    return this.#meetings;
  }

  /** Tells the others these numbers at the next meeting, but does not wait for them. */
  arrive(row: Row): void {
    this.#meetings += 1;
    this.#rows.set(row, this.#at(this.#meetings, this.index));
    Atomics.add(this.#counters, this.index, 1);
    Atomics.notify(this.#counters, this.index);
  }

  /** Waits until all have arrived at this meeting: the present one, or one of the {@link LATE_MAX} before. */
  await(meeting: number): void {
    for (let other = 0; other < this.count; other++) this.#awaitOne(other, meeting);
  }

  /** What a thread has told at a meeting for which this one has waited, before it arrives at the next one. */
  told(meeting: number, index: number): Float64Array {
    const at = this.#at(meeting, index);
    return this.#rows.subarray(at, at + WIDTH);
  }

  /** The sums of what all tell at the next meeting. */
  sum(row: Row): Row {
    this.arrive(row);
    this.await(this.#meetings);
    const total: [number, number, number, number] = [0, 0, 0, 0];
    for (let index = 0; index < this.count; index++) {
      this.told(this.#meetings, index).forEach((value, column) => {
        total[column] = (total[column] ?? 0) + value;
      });
    }
    return total;
  }

  /** This thread comes no more: whoever waits for it is told so. */
  breakOff(): void {
    Atomics.store(this.#counters, this.count, 1);
  }

  #at(meeting: number, index: number): number {
    return WIDTH * (this.count * (meeting % KEPT) + index);
  }

  #awaitOne(other: number, meeting: number): void {
    const counters = this.#counters;
    for (let looks = 0; ; looks++) {
      const arrived = Atomics.load(counters, other);
      // The counter may wrap around: only the difference counts.
      if (((arrived - meeting) | 0) >= 0) return;
      if (Atomics.load(counters, this.count) !== 0) throw new Error("another thread broke off");
      if (looks > LOOKS) Atomics.wait(counters, other, arrived, SLEEP_MS);
    }
  }
}

/** A multiple of the size of the numbers behind it. */
function headerBytes(count: number): number {
  return Float64Array.BYTES_PER_ELEMENT * Math.ceil((count + 1) / 2);
}

export function rendezvousMemory(count: number): SharedArrayBuffer {
  const rows = KEPT * WIDTH * count;
  return new SharedArrayBuffer(headerBytes(count) + Float64Array.BYTES_PER_ELEMENT * rows);
}
