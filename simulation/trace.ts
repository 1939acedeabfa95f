/** A running hash over all events: equal seeds give equal traces. */

export interface RunTrace {
  number(value: number): void;
  text(value: string): void;
  /** Length of the hashed tail of a message, which contains the signature or the secret. */
  tail(bytes: Uint8Array): void;
  /** 16 hex digits. */
  digest(): string;
}

const TAIL_BYTES = 16;

export function createTrace(): RunTrace {
  let [a, b] = [0x811c9dc5, 0x9e3779b9];

  function word(value: number): void {
    a = nextOf(a, value);
    b = nextOfOther(b, value);
  }

  return {
    /** Rounds to thousandths. */
    number(value) {
      const thousandths = Math.round(value * 1_000);
      word(thousandths | 0);
      word(Math.floor(thousandths / 2 ** 32));
    },
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
    digest: () => hex(a) + hex(b),
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
