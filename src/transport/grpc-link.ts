/**
 * A gossip stream: gRPC's framing of messages in bytes (one flag byte, 0 = not compressed; the length as
 * a 32-bit big-endian number; the message), read in turn with all other streams.
 */
import type { ClientHttp2Stream, ServerHttp2Stream } from "node:http2";
import type { GrpcContext } from "./grpc-options.ts";
import {
  type FrameFault,
  GRPC_RESOURCE_EXHAUSTED,
  GRPC_UNIMPLEMENTED,
  GRPC_UNKNOWN,
} from "./grpc-status.ts";
import { MESSAGE_COST_BYTES, readingRate } from "./limits.ts";
import type { Link, LinkEvents, StreamEnd } from "./network.ts";

const HEADER_BYTES = 5;
const FIRST_BUFFER_BYTES = 4_096;
/** From here on a buffer is not doubled again: old ones wait in memory until they are collected. */
const DOUBLED_BYTES_MAX = 1_048_576;

/** What differs between the two roles of a stream. */
export interface StreamRole {
  /** The other side has sent something, or we are about to: now there is a stream. */
  begin(): void;
  /** See {@link Link.admit}. */
  admit(): void;
  /** Ends our side: with a status (acceptor), or by leaving (dialler). */
  end(fault: FrameFault | undefined): void;
  /** How the stream ended, once it has. */
  ending(): StreamEnd;
}

interface LinkFacts {
  readonly outbound: boolean;
  readonly remoteAddress: string;
  readonly localCertHash: Uint8Array;
  readonly remoteCertHash: Uint8Array | undefined;
}

/** A gossip stream as a {@link Link}. The stream must not have been read yet. */
export class StreamLink implements Link {
  readonly outbound: boolean;
  readonly remoteAddress: string;
  readonly localCertHash: Uint8Array;
  readonly remoteCertHash: Uint8Array | undefined;
  readonly #stream: ServerHttp2Stream | ClientHttp2Stream;
  readonly #role: StreamRole;
  readonly #context: GrpcContext;
  readonly #rate;
  #reader;
  #events: LinkEvents | undefined;
  /** Why we ended it; undefined while we have not. */
  #ownEnd: StreamEnd | undefined;
  #streamClosed = false;
  #turnPending = false;
  #hasBegun = false;

  constructor(
    stream: ServerHttp2Stream | ClientHttp2Stream,
    facts: LinkFacts,
    role: StreamRole,
    context: GrpcContext,
  ) {
    this.outbound = facts.outbound;
    this.remoteAddress = facts.remoteAddress;
    this.localCertHash = facts.localCertHash;
    this.remoteCertHash = facts.remoteCertHash;
    this.#stream = stream;
    this.#role = role;
    this.#context = context;
    const { firstBytesMax, receivedBytesMax, receivedBytesPerSecond } = context.limits;
    this.#rate = readingRate(receivedBytesPerSecond);
    this.#reader = new FrameReader(Math.min(firstBytesMax, receivedBytesMax), receivedBytesMax);
    stream.on("close", () => {
      this.#streamClosed = true;
      if (this.#events !== undefined && !this.#turnPending) this.#deliver();
    });
    stream.on("drain", () => {
      if (this.#ownEnd === undefined) this.#events?.drain();
    });
  }

  admit(): void {
    this.#role.admit();
  }

  start(events: LinkEvents): void {
    const isFirst = this.#events === undefined;
    this.#events = events;
    if (!isFirst) return;
    if (this.#streamClosed) {
      setImmediate(() => this.#deliver());
      return;
    }
    // Attaching the listener lets data flow; Node delivers it later, never from within this call.
    this.#stream.on("data", (chunk: Uint8Array) => {
      if (this.#ownEnd !== undefined) return;
      this.#begin();
      this.#reader.push(chunk);
      if (!this.#turnPending) this.#deliver();
    });
    // We never half-close as a dialler, so a dialler that does has left.
    this.#stream.on("end", () => {
      if (this.#ownEnd === undefined) this.#role.end(undefined);
    });
  }

  send(bytes: Uint8Array): boolean {
    if (this.#ownEnd !== undefined || this.#stream.destroyed || this.#stream.writableEnded) {
      return false;
    }
    const limit = this.#context.limits.sentBytesMax;
    if (bytes.length > limit) {
      const reason = `our message of ${bytes.length} bytes is above the limit of ${limit}`;
      this.#end(
        { fault: "message-too-large", reason },
        { status: GRPC_RESOURCE_EXHAUSTED, reason },
      );
      return false;
    }
    this.#begin();
    this.#context.stats.messagesSent += 1;
    this.#context.stats.bytesSent += bytes.length;
    this.#gather();
    return this.#stream.write(encodeFrame(bytes));
  }

  #begin(): void {
    if (!this.#hasBegun) this.#role.begin();
    this.#hasBegun = true;
  }

  /** What is sent in one turn leaves in one packet. */
  #gather(): void {
    const stream = this.#stream;
    if (stream.writableCorked > 0) return;
    stream.cork();
    process.nextTick(() => stream.uncork());
  }

  close(refusal?: string): void {
    if (this.#ownEnd !== undefined) return;
    const fault = refusal === undefined ? undefined : { status: GRPC_UNKNOWN, reason: refusal };
    this.#end({ fault: "stopped", reason: refusal ?? "closed by this side" }, fault);
  }

  /** Hands over what has arrived, in scheduler, and at last the end. */
  #deliver(): void {
    const { stats, scheduler, partialFrames } = this.#context;
    while (this.#ownEnd === undefined) {
      const pauseMs = this.#rate.waitMs(performance.now());
      if (pauseMs > 0 || scheduler.isOver) {
        this.#wait(pauseMs);
        return;
      }
      const message = this.#reader.next();
      if (message === undefined) break;
      stats.messagesReceived += 1;
      stats.bytesReceived += message.length;
      this.#rate.take(message.length + MESSAGE_COST_BYTES, performance.now());
      if (message.length > FIRST_BUFFER_BYTES) partialFrames.hold(this.#giveUp, 0); // Whole now.
      this.#events?.message(message);
    }
    partialFrames.hold(this.#giveUp, this.#reader.heldBytes);
    const { fault } = this.#reader;
    if (fault !== undefined && this.#ownEnd === undefined) {
      // Nobody can raise the limit of a first message.
      const isTooLarge = fault.status === GRPC_RESOURCE_EXHAUSTED && !fault.isOfFirst;
      const code = isTooLarge ? "message-too-large" : "protocol";
      this.#end({ fault: code, reason: fault.reason }, fault);
    }
    if (this.#streamClosed) this.#handleEnd();
  }

  /** The rest waits for our next turn, and the peer for us: flow control. */
  #wait(pauseMs: number): void {
    const turn = (): void => {
      this.#turnPending = false;
      this.#deliver();
      if (!this.#turnPending) this.#stream.resume();
    };
    this.#turnPending = true;
    this.#stream.pause();
    const { scheduler } = this.#context;
    if (pauseMs > 0) setTimeout(() => scheduler.wait(turn), Math.ceil(pauseMs)).unref();
    else scheduler.wait(turn);
  }

  /** Too much was begun and not finished, and here the most. */
  readonly #giveUp = (): void => {
    const reason = "too many messages were begun and not finished";
    this.#end({ fault: "message-too-large", reason }, { status: GRPC_RESOURCE_EXHAUSTED, reason });
  };

  #end(end: StreamEnd, fault: FrameFault | undefined): void {
    this.#ownEnd = end;
    this.#reader = new FrameReader(0, 0); // Nothing more is read: let go of what was begun.
    this.#context.partialFrames.hold(this.#giveUp, 0);
    this.#role.end(fault);
  }

  #handleEnd(): void {
    this.#context.partialFrames.hold(this.#giveUp, 0);
    const events = this.#events;
    this.#events = undefined;
    const { fault, reason } = this.#ownEnd ?? this.#role.ending();
    events?.closed(fault, reason);
  }
}

/**
 * Bytes in, messages out. Enforces the limits from the length prefix, before it keeps anything of a
 * message. The first message has a limit of its own: it comes from a stranger.
 */
export class FrameReader {
  /** Set as soon as a broken rule is seen, and for good. */
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

  /** Memory taken by the beginning of a message whose rest has not come. */
  get heldBytes(): number {
    return this.#partial.length;
  }

  /** Takes the next bytes of the stream, which must not change afterwards. */
  push(bytes: Uint8Array): void {
    const left = this.#chunk.subarray(this.#offset);
    const joined = left.length === 0 ? bytes : Buffer.concat([left, bytes]);
    // No Buffers are handed out: their `slice` does not copy, which has fooled many.
    this.#chunk = new Uint8Array(joined.buffer, joined.byteOffset, joined.byteLength);
    this.#offset = 0;
  }

  /** The next whole message, usually a view of the chunk; undefined: none yet, or a fault. */
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
      const isOfFirst = this.#bytesMax < this.#messageBytesMax;
      this.fault = { status: GRPC_RESOURCE_EXHAUSTED, reason, isOfFirst };
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
