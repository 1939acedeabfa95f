import { RateLimit } from "./rate-limit.ts";

/** Pings, settings, farewells: frames that Node tells us of, and has to answer in part. */
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
