import { EMPTY_BYTES } from "./bytes.ts";
import type { SecretEnvelope } from "./messages.ts";

/** Where the parts of an envelope stand in its bytes. An empty part ends where it begins. */
export interface Places {
  readonly payloadAt: number;
  readonly payloadEnd: number;
  readonly signatureAt: number;
  readonly signatureEnd: number;
  /** The payload of the secret; nothing is said of it if there is no secret. */
  readonly innerAt: number;
  readonly innerEnd: number;
  /** The signature of the secret, which is the end of the bytes. */
  readonly sealAt: number;
}

/**
 * An envelope that knows where its parts are. Most are only passed on as they are, so the parts are views that are
 * made when somebody asks for them: four of them, kept, would take more memory than a heartbeat.
 */
export class PlacedEnvelope implements Places {
  /** Payload, signature and perhaps a secret, in this order, and nothing besides. */
  readonly bytes: Uint8Array;
  readonly payloadAt: number;
  readonly payloadEnd: number;
  readonly signatureAt: number;
  readonly signatureEnd: number;
  readonly innerAt: number;
  readonly innerEnd: number;
  readonly sealAt: number;

  constructor(bytes: Uint8Array, places: Places) {
    this.bytes = bytes;
    this.payloadAt = places.payloadAt;
    this.payloadEnd = places.payloadEnd;
    this.signatureAt = places.signatureAt;
    this.signatureEnd = places.signatureEnd;
    this.innerAt = places.innerAt;
    this.innerEnd = places.innerEnd;
    this.sealAt = places.sealAt;
  }

  get payload(): Uint8Array {
    return this.#part(this.payloadAt, this.payloadEnd);
  }

  get signature(): Uint8Array {
    return this.#part(this.signatureAt, this.signatureEnd);
  }

  get secret(): SecretEnvelope | undefined {
    if (!this.hasSecret) return undefined;
    const payload = this.#part(this.innerAt, this.innerEnd);
    return { payload, signature: this.#part(this.sealAt, this.bytes.length) };
  }

  /** Where the secret begins, with its tag: all that comes after payload and signature. */
  get secretAt(): number {
    return this.signatureEnd || this.payloadEnd;
  }

  get hasSecret(): boolean {
    return this.secretAt < this.bytes.length;
  }

  #part(at: number, end: number): Uint8Array {
    return end === at ? EMPTY_BYTES : this.bytes.subarray(at, end);
  }
}
