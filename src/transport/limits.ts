/**
 * What a peer may cost this process: bytes and messages a second, memory for unfinished messages,
 * frames that carry no message. Time in a round of the event loop: `lib/fair-scheduler.ts`.
 */
import type { Http2Stream } from "node:http2";

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

/** So much at once, and so much more in each second: a leaky bucket. */
export class RateLimit {
  readonly #burst: number;
  readonly #perMs: number;
  /** What has been spent and not earned yet, as of then. */
  #spent = 0;
  #atMs = 0;

  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perMs = perSecond / 1_000;
  }

  /** False: there is not as much left. It counts nevertheless. */
  take(amount: number, nowMs: number): boolean {
    this.#spent = Math.max(0, this.#spent - (nowMs - this.#atMs) * this.#perMs) + amount;
    this.#atMs = nowMs;
    return this.#spent <= this.#burst;
  }

  /** How long until what was taken beyond the burst has been earned; 0 = it has. */
  waitMs(nowMs: number): number {
    return Math.max(0, (this.#spent - this.#burst) / this.#perMs - (nowMs - this.#atMs));
  }
}

/** What a message costs besides its bytes: many small ones are as much work as few large ones. */
export const MESSAGE_COST_BYTES = 400;
/** Seconds of reading that can be saved up, so that one long list comes through at once. */
const SAVED_SECONDS = 4;

/**
 * How fast one link is read, in bytes. Whoever sends faster is made to wait by flow control, which
 * loses nothing; an honest peer in a network of thousands does not come near it.
 */
export function readingRate(bytesPerSecond: number): RateLimit {
  return new RateLimit(SAVED_SECONDS * bytesPerSecond, bytesPerSecond);
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

export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

const allowance = ({ burst, perSecond }: Rate): RateLimit => new RateLimit(burst, perSecond);

/**
 * How the other side of one connection behaves: what it sends beside messages, which asks for work
 * and brings nothing, and in how many pieces it sends these. Each method returns whether that is
 * still fair.
 */
export class Conduct {
  readonly #provenBytes: Rate;
  #isProven = false;
  #pieceLimit: typeof STRANGER_PIECE | typeof PROVEN_PIECE = STRANGER_PIECE;
  #frames = allowance(STRANGER_FRAMES);
  #pieces = allowance(STRANGER_PIECE);
  #overhead = allowance(STRANGER_BYTES);
  /** What had come beside messages when it was looked at last; and what has come in messages. */
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
    this.#pieces = allowance(this.#pieceLimit);
    this.#frames = allowance(isProven ? PROVEN_FRAMES : STRANGER_FRAMES);
    this.#overhead = allowance(isProven ? this.#provenBytes : STRANGER_BYTES);
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
    const isFair = this.#overhead.take(Math.max(0, bytes - this.#seenBytes), performance.now());
    this.#seenBytes = bytes;
    return isFair;
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
