/**
 * What a peer may cost this process: bytes and messages a second, memory for unfinished messages,
 * frames that carry no message, time in a round of the event loop.
 */
import type { Http2Stream } from "node:http2";
import { LeakyBucket, type Rate } from "../lib/rate-limit.ts";

/** Frames that Node reports and partly answers: pings, settings, GOAWAY. */
const STRANGER_FRAMES = { burst: 32, perSecond: 1 } as const;
/** Go pings once in a round trip while data come, to learn how fast the line is. */
const PROVEN_FRAMES = { burst: 1_000, perSecond: 10_000 } as const;

/** TLS with long chains, the HTTP/2 settings and headers, a lost ping. */
const STRANGER_BYTES = { burst: 65_536, perSecond: 1_024 } as const;

/**
 * Peers send a message, or 16 KiB of it, in one piece; TLS of Go cuts the first ones to 1.2 KB. Each
 * piece costs us, however small it is.
 */
const STRANGER_PIECE = { belowBytes: 1_024, burst: 128, perSecond: 16 } as const;
const PROVEN_PIECE = { belowBytes: 32, burst: 1_000, perSecond: 10_000 } as const;

/** What a message costs besides its bytes: many small ones are as much work as few large ones. */
export const MESSAGE_COST_BYTES = 400;
/** Seconds of reading that can be saved up, so that one long list comes through at once. */
const SAVED_SECONDS = 4;

/**
 * How fast one link is read, in bytes. Whoever sends faster is made to wait by flow control, which
 * loses nothing; an honest peer in a network of thousands does not come near it.
 */
export function readingRate(bytesPerSecond: number): LeakyBucket {
  return new LeakyBucket({ burst: SAVED_SECONDS * bytesPerSecond, perSecond: bytesPerSecond });
}

/**
 * Beginnings of messages whose rest has not come. Each is within the limit of one message; together
 * they may not take more either, or a few peers that never finish would fill the memory.
 */
export class PartialFrameBudget {
  readonly #bytesMax: number;
  readonly #holders = new Map<() => void, number>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /**
   * A link holds so many bytes now. If all together hold too many, the one with the most is told to
   * give up.
   */
  hold(giveUp: () => void, bytes: number): void {
    this.#bytes += bytes - (this.#holders.get(giveUp) ?? 0);
    if (bytes === 0) this.#holders.delete(giveUp);
    else this.#holders.set(giveUp, bytes);
    while (this.#bytes > this.#bytesMax) this.#giveUpLargest();
  }

  #giveUpLargest(): void {
    let [largest, most] = [(): void => {}, 0];
    for (const [giveUp, bytes] of this.#holders) {
      if (bytes > most) [largest, most] = [giveUp, bytes];
    }
    this.hold(largest, 0);
    largest();
  }
}

/**
 * How the other side of one connection behaves: what it sends beside messages, which asks for work
 * and brings nothing, and in how many pieces it sends these. Each method returns whether that is
 * still fair.
 */
export class Conduct {
  readonly #provenBytes: Rate;
  #isProven = false;
  #pieceLimit: typeof STRANGER_PIECE | typeof PROVEN_PIECE = STRANGER_PIECE;
  #frames = new LeakyBucket(STRANGER_FRAMES);
  #pieces = new LeakyBucket(STRANGER_PIECE);
  #overhead = new LeakyBucket(STRANGER_BYTES);
  /** The most that had come beside messages when it was looked at; and what has come in messages. */
  #seenBytes = 0;
  #messageBytes = 0;

  /** `provenBytes`: what may come beside messages from somebody who has proven who it is. */
  constructor(provenBytes: Rate) {
    this.#provenBytes = provenBytes;
  }

  /** The other side has proven who it is. */
  get isProven(): boolean {
    return this.#isProven;
  }

  set isProven(isProven: boolean) {
    this.#isProven = isProven;
    this.#pieceLimit = isProven ? PROVEN_PIECE : STRANGER_PIECE;
    this.#pieces = new LeakyBucket(this.#pieceLimit);
    this.#frames = new LeakyBucket(isProven ? PROVEN_FRAMES : STRANGER_FRAMES);
    this.#overhead = new LeakyBucket(isProven ? this.#provenBytes : STRANGER_BYTES);
  }

  /** A piece of a message has come. */
  countPiece(bytes: number): boolean {
    this.#messageBytes += bytes;
    return bytes >= this.#pieceLimit.belowBytes || this.#pieces.take(1, performance.now());
  }

  /** A frame has come that is none of a message, and that Node has told us of. */
  countFrame(): boolean {
    return this.#frames.take(1, performance.now());
  }

  /** So much has come from the socket in all. */
  look(bytesRead: number): boolean {
    const bytes = bytesRead - this.#messageBytes;
    // Of what has come, a part may be of a message whose rest has not: it is counted as one then.
    const more = Math.max(0, bytes - this.#seenBytes);
    this.#seenBytes += more;
    return this.#overhead.take(more, performance.now());
  }
}

/**
 * Counts the pieces of messages that arrive in a stream, and cuts off a peer that sends too many. A
 * stream emits events only while somebody reads it; pieces reach one that is paused as well.
 */
export function limitPieces(
  stream: Http2Stream,
  { conduct, rest }: { readonly conduct: Conduct; readonly rest: () => void },
  cut: () => void,
): void {
  const push = stream.push.bind(stream);
  stream.push = (chunk: Uint8Array | null, encoding) => {
    if (chunk !== null && !conduct.isProven) rest();
    if (chunk === null || conduct.countPiece(chunk.length)) return push(chunk, encoding);
    cut();
    return false;
  };
}

/** Time for hundreds of messages, and nobody notices. */
const ROUND_MS = 5;

/**
 * Shares the event loop. In each of its rounds all users may take so much time together; those that
 * have not had their turn by then come first in the next round, after timers and sockets.
 */
export class FairScheduler {
  /** When this round ends; undefined until somebody uses it. */
  #endMs: number | undefined;
  /** Who waits for the next round, in the order in which they came. */
  readonly #waiting = new Set<() => void>();

  /** Whether the time of this round is used up. The first one to ask always gets a turn. */
  get isOver(): boolean {
    const nowMs = performance.now();
    return nowMs > (this.#endMs ?? this.#begin(nowMs));
  }

  /** Calls at once if there is time, else in turn. */
  take(turn: () => void): void {
    if (this.isOver) this.wait(turn);
    else turn();
  }

  /** Calls back when it is this one's turn. */
  wait(turn: () => void): void {
    this.#waiting.add(turn);
    if (this.#endMs === undefined) this.#begin(performance.now());
  }

  #begin(nowMs: number): number {
    setImmediate(() => this.#nextRound());
    this.#endMs = nowMs + ROUND_MS;
    return this.#endMs;
  }

  #nextRound(): void {
    this.#endMs = undefined;
    for (const turn of [...this.#waiting]) {
      if (this.isOver) return;
      this.#waiting.delete(turn);
      turn();
    }
  }
}
