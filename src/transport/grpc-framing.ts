/**
 * gRPC's framing of messages in a byte stream: one flag byte (0 = not compressed), the length as a
 * 32-bit big-endian number, the message. Pure: bytes in, messages out.
 */

import { plainText } from "../lib/plain-text.ts";

/** The gRPC status codes that we send or tell apart. */
export const GRPC_OK = 0;
export const GRPC_UNKNOWN = 2;
export const GRPC_RESOURCE_EXHAUSTED = 8;
export const GRPC_UNIMPLEMENTED = 12;

const HEADER_BYTES = 5;
const FIRST_BUFFER_BYTES = 4_096;
/** From here on a buffer is not doubled again: old ones wait in memory until they are collected. */
const DOUBLED_BYTES_MAX = 1_048_576;

/** Why a byte stream cannot be read on, as the gRPC status to answer with. */
export interface FrameFault {
  readonly status: number;
  readonly reason: string;
}

export interface FrameReader {
  /** Takes the next bytes of the stream, which must not change afterwards. */
  push(chunk: Uint8Array): void;
  /**
   * The next whole message, or undefined if there is none yet or the stream is {@link fault}y.
   * A view, usually on the chunk: copy what is kept.
   */
  next(): Uint8Array | undefined;
  /** Set as soon as a broken rule is seen, and for good. */
  readonly fault: FrameFault | undefined;
  /** Memory taken by the beginning of a message whose rest has not come. */
  readonly heldBytes: number;
}

/**
 * The limits are enforced from the length prefix, before anything of the message is kept.
 * The first message has its own: it comes from somebody who has not shown who he is yet.
 */
export function createFrameReader(firstBytesMax: number, messageBytesMax: number): FrameReader {
  return new ChunkReader(firstBytesMax, messageBytesMax);
}

class ChunkReader implements FrameReader {
  fault: FrameFault | undefined;
  readonly #messageBytesMax: number;
  /** The limit for the message that comes next. */
  #bytesMax: number;
  #chunk: Uint8Array = new Uint8Array(0);
  #offset = 0;
  /**
   * A frame that spans chunks is put together here. The buffer grows with what has really arrived,
   * so that a claimed length alone costs nothing.
   */
  #partial: Uint8Array = new Uint8Array(0);
  #partialBytes = 0;

  constructor(firstBytesMax: number, messageBytesMax: number) {
    this.#bytesMax = firstBytesMax;
    this.#messageBytesMax = messageBytesMax;
  }

  get heldBytes(): number {
    return this.#partial.length;
  }

  push(bytes: Uint8Array): void {
    const left = this.#chunk.subarray(this.#offset);
    const joined = left.length === 0 ? bytes : Buffer.concat([left, bytes]);
    // No Buffers are handed out: their `slice` does not copy, which has fooled many.
    this.#chunk = new Uint8Array(joined.buffer, joined.byteOffset, joined.byteLength);
    this.#offset = 0;
  }

  next(): Uint8Array | undefined {
    if (this.fault !== undefined) return undefined;
    if (this.#partialBytes > 0) return this.#nextFromPartial();
    const left = this.#chunk.length - this.#offset;
    if (left < HEADER_BYTES) {
      if (left > 0) this.#gather(HEADER_BYTES);
      return undefined;
    }
    const length = this.#payloadLength(this.#chunk, this.#offset);
    if (length === undefined) return undefined;
    if (left < HEADER_BYTES + length) {
      this.#gather(HEADER_BYTES + length);
      return undefined;
    }
    const start = this.#offset + HEADER_BYTES;
    this.#offset = start + length;
    this.#bytesMax = this.#messageBytesMax;
    return this.#chunk.subarray(start, this.#offset);
  }

  #nextFromPartial(): Uint8Array | undefined {
    if (this.#partialBytes < HEADER_BYTES && !this.#gather(HEADER_BYTES)) return undefined;
    const length = this.#payloadLength(this.#partial, 0);
    if (length === undefined || !this.#gather(HEADER_BYTES + length)) return undefined;
    const message = this.#partial.subarray(HEADER_BYTES, HEADER_BYTES + length);
    this.#partial = new Uint8Array(0);
    this.#partialBytes = 0;
    this.#bytesMax = this.#messageBytesMax;
    return message;
  }

  #payloadLength(bytes: Uint8Array, at: number): number | undefined {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, HEADER_BYTES);
    const length = view.getUint32(1);
    if (view.getUint8(0) !== 0) {
      const reason = "compressed messages are not supported";
      this.fault = { status: GRPC_UNIMPLEMENTED, reason };
    } else if (length > this.#bytesMax) {
      const reason = `a message of ${length} bytes is above the limit of ${this.#bytesMax}`;
      this.fault = { status: GRPC_RESOURCE_EXHAUSTED, reason };
    }
    return this.fault === undefined ? length : undefined;
  }

  /** Moves bytes from the chunk until `wanted` of them are gathered. False: not enough yet. */
  #gather(wanted: number): boolean {
    const taken = Math.min(wanted - this.#partialBytes, this.#chunk.length - this.#offset);
    const have = this.#partialBytes + taken;
    if (have > this.#partial.length) {
      const doubled = have > DOUBLED_BYTES_MAX ? wanted : Math.max(2 * have, FIRST_BUFFER_BYTES);
      const grown = new Uint8Array(Math.min(wanted, doubled));
      grown.set(this.#partial.subarray(0, this.#partialBytes));
      this.#partial = grown;
    }
    this.#partial.set(this.#chunk.subarray(this.#offset, this.#offset + taken), this.#partialBytes);
    this.#partialBytes = have;
    this.#offset += taken;
    return have === wanted;
  }
}

/** The frame that carries the message: a copy, so the caller may reuse its bytes. */
export function encodeFrame(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, HEADER_BYTES);
  return frame;
}

/** `grpc-message` travels percent-encoded; a wrong encoding is shown as it came. */
export function decodeStatusMessage(text: string): string {
  try {
    return plainText(decodeURIComponent(text));
  } catch {
    return plainText(text);
  }
}

export function encodeStatusMessage(text: string): string {
  return encodeURIComponent(plainText(text));
}
