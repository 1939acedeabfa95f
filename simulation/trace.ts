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
    a = Math.imul(a ^ value, 0x01000193);
    b = Math.imul((b ^ value) + 0x7ed55d16, 0x85ebca6b) ^ (b >>> 15);
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
      for (let i = Math.max(0, bytes.length - TAIL_BYTES); i < bytes.length; i++) {
        word(bytes[i] ?? 0);
      }
    },
    digest: () => hex(a) + hex(b),
  };
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
