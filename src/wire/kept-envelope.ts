/** Envelopes that outlive the buffer they came in. */
import { EMPTY_BYTES, ownBytes } from "./bytes.ts";
import { type Envelope, fieldLength, parseEnvelope } from "./envelope.ts";
import type { SecretEnvelope } from "./messages.ts";

/** One that can be kept: the original may be a view that holds a whole network buffer in memory. */
export function ownedEnvelope(envelope: Envelope): Envelope {
  const bytes = ownBytes(envelope.bytes);
  return bytes === envelope.bytes ? envelope : new KeptEnvelope(envelope, bytes);
}

/**
 * An envelope in memory of its own. Most are only passed on as they are, so its parts are views that are
 * made when somebody asks for them: four of them, kept, would take more memory than a heartbeat.
 */
class KeptEnvelope implements Envelope {
  readonly bytes: Uint8Array;
  readonly #payloadAt: number;
  readonly #payloadEnd: number;
  readonly #signatureAt: number;
  readonly #signatureEnd: number;

  /** `bytes`: a copy of those of the envelope, whose parts are views of its bytes. */
  constructor({ bytes: whole, payload, signature }: Envelope, bytes: Uint8Array) {
    this.bytes = bytes;
    this.#payloadAt = placeIn(whole, payload);
    this.#payloadEnd = this.#payloadAt + payload.length;
    this.#signatureAt = placeIn(whole, signature);
    this.#signatureEnd = this.#signatureAt + signature.length;
  }

  get payload(): Uint8Array {
    return this.#part(this.#payloadAt, this.#payloadEnd);
  }

  get signature(): Uint8Array {
    return this.#part(this.#signatureAt, this.#signatureEnd);
  }

  get secret(): SecretEnvelope | undefined {
    if (this.secretAt === this.bytes.length) return undefined;
    const read = parseEnvelope(this.bytes);
    return read.ok ? read.value.secret : undefined;
  }

  /** What comes after payload and signature. */
  get secretAt(): number {
    return this.#signatureEnd || this.#payloadEnd;
  }

  #part(at: number, end: number): Uint8Array {
    return end === at ? EMPTY_BYTES : this.bytes.subarray(at, end);
  }
}

/** Where a part of the whole begins; an empty one may be anywhere. */
function placeIn(whole: Uint8Array, part: Uint8Array): number {
  if (part.length === 0) return 0;
  if (part.buffer !== whole.buffer) throw new RangeError("a part that is not in its envelope");
  return part.byteOffset - whole.byteOffset;
}

/** Whether both have a secret, and the same: it is all that comes after payload and signature. */
export function haveSameSecret(a: Envelope, b: Envelope): boolean {
  const [aAt, bAt] = [secretAtOf(a), secretAtOf(b)];
  const length = a.bytes.length - aAt;
  if (length === 0 || length !== b.bytes.length - bAt) return false;
  for (let i = 0; i < length; i++) if (a.bytes[aAt + i] !== b.bytes[bAt + i]) return false;
  return true;
}

function secretAtOf(envelope: Envelope): number {
  if (envelope instanceof KeptEnvelope) return envelope.secretAt;
  return fieldLength(envelope.payload.length) + fieldLength(envelope.signature.length);
}
