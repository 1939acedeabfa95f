/**
 * A running hash over all events: equal seeds give equal traces. Events are added up, so that several threads
 * can each hash those of their members.
 */

export interface RunTrace {
  /** Begins an event, which goes on until the next one begins. Rounds to thousandths. */
  event(atMs: number): void;
  number(value: number): void;
  text(value: string): void;
  /** Length of the hashed tail of a message, which contains the signature or the secret. */
  tail(bytes: Uint8Array): void;
  /** What can be added to another trace. */
  sum(): readonly [number, number];
  add(other: readonly [number, number]): void;
  /** 16 hex digits. */
  digest(): string;
}

const TAIL_BYTES = 16;
const [START, OTHER_START] = [0x811c9dc5, 0x9e3779b9];

export function createTrace(): RunTrace {
  let [a, b] = [START, OTHER_START];
  let [sumOfA, sumOfB] = [0, 0];
  let isOpen = false;

  function word(value: number): void {
    a = nextOf(a, value);
    b = nextOfOther(b, value);
  }

  function finish(): void {
    if (!isOpen) return;
    isOpen = false;
    sumOfA = (sumOfA + a) | 0;
    sumOfB = (sumOfB + b) | 0;
    [a, b] = [START, OTHER_START];
  }

  function number(value: number): void {
    const thousandths = Math.round(value * 1_000);
    word(thousandths | 0);
    word(Math.floor(thousandths / 2 ** 32));
  }

  return {
    event(atMs) {
      finish();
      isOpen = true;
      number(atMs);
    },
    number,
    text(value) {
      for (let i = 0; i < value.length; i++) word(value.charCodeAt(i));
    },
    tail(bytes) {
      let [c, d] = [a, b]; // Faster than what outlives the call.
      for (let i = Math.max(0, bytes.length - TAIL_BYTES); i < bytes.length; i++) {
        const byte = bytes[i] ?? 0;
        c = nextOf(c, byte);
        d = nextOfOther(d, byte);
      }
      [a, b] = [c, d];
    },
    sum() {
      finish();
      return [sumOfA, sumOfB];
    },
    add([otherA, otherB]) {
      sumOfA = (sumOfA + otherA) | 0;
      sumOfB = (sumOfB + otherB) | 0;
    },
    digest() {
      finish();
      return hex(sumOfA) + hex(sumOfB);
    },
  };
}

function nextOf(state: number, value: number): number {
  return Math.imul(state ^ value, 0x01000193);
}

function nextOfOther(state: number, value: number): number {
  return Math.imul((state ^ value) + 0x7ed55d16, 0x85ebca6b) ^ (state >>> 15);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
