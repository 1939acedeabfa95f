/**
 * gRPC's framing of messages in a byte stream: one flag byte (0 = not compressed), the length as a
 * 32-bit big-endian number, the message. Pure: bytes in, messages out.
 */

/** The gRPC status codes that we send or tell apart. */
export const GRPC_OK = 0;
export const GRPC_UNKNOWN = 2;
export const GRPC_RESOURCE_EXHAUSTED = 8;
export const GRPC_UNIMPLEMENTED = 12;

const HEADER_BYTES = 5;
const FIRST_BUFFER_BYTES = 4_096;

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
}

/**
 * The limits are enforced from the length prefix, before anything of the message is kept.
 * The first message has its own: it comes from somebody who has not shown who he is yet.
 */
export function createFrameReader(firstBytesMax: number, messageBytesMax: number): FrameReader {
  let bytesMax = firstBytesMax;
  let chunk: Uint8Array = new Uint8Array(0);
  let offset = 0;
  // A frame that spans chunks is put together here. The buffer grows with what has really arrived,
  // so that a claimed length costs nothing.
  let partial = new Uint8Array(0);
  let partialBytes = 0;
  let fault: FrameFault | undefined;

  function payloadLength(bytes: Uint8Array, at: number): number | undefined {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, HEADER_BYTES);
    const length = view.getUint32(1);
    if (view.getUint8(0) !== 0) {
      fault = { status: GRPC_UNIMPLEMENTED, reason: "compressed messages are not supported" };
    } else if (length > bytesMax) {
      const reason = `a message of ${length} bytes is above the limit of ${bytesMax}`;
      fault = { status: GRPC_RESOURCE_EXHAUSTED, reason };
    }
    return fault === undefined ? length : undefined;
  }

  function delivered(message: Uint8Array): Uint8Array {
    bytesMax = messageBytesMax;
    return message;
  }

  /** Moves bytes from the chunk until `partial` holds `wanted` of them. False: not enough yet. */
  function gather(wanted: number): boolean {
    const taken = Math.min(wanted - partialBytes, chunk.length - offset);
    if (partialBytes + taken > partial.length) {
      const capacity = Math.min(wanted, Math.max(2 * (partialBytes + taken), FIRST_BUFFER_BYTES));
      const grown = new Uint8Array(Math.max(capacity, HEADER_BYTES));
      grown.set(partial.subarray(0, partialBytes));
      partial = grown;
    }
    partial.set(chunk.subarray(offset, offset + taken), partialBytes);
    partialBytes += taken;
    offset += taken;
    return partialBytes === wanted;
  }

  function nextFromPartial(): Uint8Array | undefined {
    if (partialBytes < HEADER_BYTES && !gather(HEADER_BYTES)) return undefined;
    const length = payloadLength(partial, 0);
    if (length === undefined || !gather(HEADER_BYTES + length)) return undefined;
    const message = partial.subarray(HEADER_BYTES, HEADER_BYTES + length);
    partial = new Uint8Array(0);
    partialBytes = 0;
    return delivered(message);
  }

  return {
    get fault() {
      return fault;
    },

    push(bytes) {
      const left = chunk.subarray(offset);
      const joined = left.length === 0 ? bytes : Buffer.concat([left, bytes]);
      // No Buffers are handed out: their `slice` does not copy, which has fooled many.
      chunk = new Uint8Array(joined.buffer, joined.byteOffset, joined.byteLength);
      offset = 0;
    },

    next() {
      if (fault !== undefined) return undefined;
      if (partialBytes > 0) return nextFromPartial();
      const left = chunk.length - offset;
      if (left < HEADER_BYTES) {
        if (left > 0) gather(HEADER_BYTES);
        return undefined;
      }
      const length = payloadLength(chunk, offset);
      if (length === undefined) return undefined;
      if (left < HEADER_BYTES + length) {
        gather(HEADER_BYTES + length);
        return undefined;
      }
      const start = offset + HEADER_BYTES;
      offset = start + length;
      return delivered(chunk.subarray(start, offset));
    },
  };
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

const REASON_CHARACTERS_MAX = 300;

/** Text of a stranger that may go to a log: no control characters, not long. */
export function plainText(text: string): string {
  return text.slice(0, REASON_CHARACTERS_MAX).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, " ");
}
