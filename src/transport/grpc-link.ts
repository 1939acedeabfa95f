import type { ClientHttp2Stream, ServerHttp2Stream } from "node:http2";
import {
  createFrameReader,
  encodeFrame,
  type FrameFault,
  GRPC_RESOURCE_EXHAUSTED,
  GRPC_UNKNOWN,
} from "./grpc-framing.ts";
import type { GrpcContext } from "./grpc-options.ts";
import type { Link, LinkEvents, StreamEnd } from "./network.ts";
import { MESSAGE_COST_BYTES, type RateLimit, readingRate } from "./rate-limit.ts";

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

export interface LinkFacts {
  readonly outbound: boolean;
  readonly remoteAddress: string;
  readonly localCertHash: Uint8Array;
  readonly remoteCertHash: Uint8Array | undefined;
}

/** A gossip stream as a {@link Link}. The stream must not have been read yet. */
export function createStreamLink(
  stream: ServerHttp2Stream | ClientHttp2Stream,
  facts: LinkFacts,
  role: StreamRole,
  context: GrpcContext,
): Link {
  return new StreamLink(stream, facts, role, context);
}

class StreamLink implements Link {
  readonly outbound: boolean;
  readonly remoteAddress: string;
  readonly localCertHash: Uint8Array;
  readonly remoteCertHash: Uint8Array | undefined;
  readonly #stream: ServerHttp2Stream | ClientHttp2Stream;
  readonly #role: StreamRole;
  readonly #context: GrpcContext;
  readonly #pace: RateLimit;
  #reader;
  #events: LinkEvents | undefined;
  /** Why we ended it; undefined while we have not. */
  #ownEnd: StreamEnd | undefined;
  #streamClosed = false;
  #turnPending = false;

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
    this.#pace = readingRate(receivedBytesPerSecond);
    this.#reader = createFrameReader(Math.min(firstBytesMax, receivedBytesMax), receivedBytesMax);
    stream.on("close", () => this.#handleStreamClosed());
    stream.on("drain", () => {
      if (this.#ownEnd === undefined) this.#events?.drain();
    });
  }

  admit(): void {
    this.#role.admit();
  }

  start(events: LinkEvents): void {
    this.#events = events;
    if (this.#streamClosed) {
      setImmediate(() => this.#deliver());
      return;
    }
    // Attaching the listener lets data flow; Node delivers it later, never from within this call.
    this.#stream.on("data", (chunk: Uint8Array) => {
      if (this.#ownEnd !== undefined) return;
      this.#role.begin();
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
    this.#role.begin();
    this.#context.stats.messagesSent += 1;
    this.#context.stats.bytesSent += bytes.length;
    this.#gather();
    return this.#stream.write(encodeFrame(bytes));
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

  /** Hands over what has arrived, in turns, and at last the end. */
  #deliver(): void {
    const { stats, turns } = this.#context;
    while (this.#ownEnd === undefined) {
      const pauseMs = this.#pace.waitMs(performance.now());
      if (pauseMs > 0 || turns.isOver) {
        this.#wait(pauseMs);
        return;
      }
      const message = this.#reader.next();
      if (message === undefined) break;
      stats.messagesReceived += 1;
      stats.bytesReceived += message.length;
      this.#pace.take(message.length + MESSAGE_COST_BYTES, performance.now());
      this.#events?.message(message);
    }
    this.#context.unfinished.hold(this.#giveUp, this.#reader.heldBytes);
    const { fault } = this.#reader;
    if (fault !== undefined && this.#ownEnd === undefined) {
      const tooLarge = fault.status === GRPC_RESOURCE_EXHAUSTED;
      this.#end(
        { fault: tooLarge ? "message-too-large" : "protocol", reason: fault.reason },
        fault,
      );
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
    const { turns } = this.#context;
    if (pauseMs > 0) setTimeout(() => turns.wait(turn), Math.ceil(pauseMs)).unref();
    else turns.wait(turn);
  }

  /** Too much was begun and not finished, here or by others, and here the most. */
  readonly #giveUp = (): void => {
    const reason = "too many messages were begun and not finished";
    this.#end({ fault: "message-too-large", reason }, { status: GRPC_RESOURCE_EXHAUSTED, reason });
  };

  #end(end: StreamEnd, fault: FrameFault | undefined): void {
    this.#ownEnd = end;
    this.#reader = createFrameReader(0, 0); // Nothing more is read: let go of what was begun.
    this.#context.unfinished.hold(this.#giveUp, 0);
    this.#role.end(fault);
  }

  #handleStreamClosed(): void {
    this.#streamClosed = true;
    if (this.#events !== undefined && !this.#turnPending) this.#deliver();
  }

  #handleEnd(): void {
    this.#context.unfinished.hold(this.#giveUp, 0);
    const events = this.#events;
    this.#events = undefined;
    const { fault, reason } = this.#ownEnd ?? this.#role.ending();
    events?.closed(fault, reason);
  }
}
