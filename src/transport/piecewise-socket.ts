/**
 * TLS that is read in small pieces. OpenSSL works through everything that it is given in one go, and
 * Node hands it half a megabyte; between our pieces the event loop goes on.
 */
import type { Socket } from "node:net";
import { Duplex } from "node:stream";

/**
 * So much reaches TLS at a time, of strangers and of others. Key updates of TLS 1.3, the costliest that
 * fit, take 1 ms for a kilobyte.
 */
const PIECE_BYTES = 2_048;
const PROVEN_PIECE_BYTES = 16_384;
const NOTHING = Buffer.alloc(0);

/** Asked about each piece. */
export interface PieceRules {
  /** The other side has proven who it is: it need not wait for its turn. */
  readonly isProven: () => boolean;
  /** False: TLS has been busy enough for one round of the event loop. */
  readonly isTime: () => boolean;
  /** Its bytes are counted; false: it is not handed on. */
  readonly isFair: (piece: Buffer) => boolean;
  /** Calls `hand`, which hands on the piece. */
  readonly handOn: (hand: () => void) => void;
  /** A stranger has more to say. */
  readonly rest: () => void;
}

/**
 * What a socket brings, in small pieces, for TLS above it. The price, a fraction of what a message
 * costs, lasts as long as the connection.
 */
export class PiecewiseSocket extends Duplex {
  readonly #below: Socket;
  #rules: PieceRules | undefined;
  #waiting: Buffer = NOTHING;
  #isReading = true;
  /** Who reads us does not want more for now. */
  #isFull = false;
  #hasEnded = false;
  #soon: NodeJS.Immediate | NodeJS.Timeout | undefined;
  /** As of a socket: what has been handed on. */
  bytesRead = 0;

  constructor(below: Socket) {
    super({ allowHalfOpen: false }); // TLS takes that over: it ends once the other side has.
    this.#below = below;
    below.allowHalfOpen = true; // What TLS says last is still to be written.
    below.on("data", (bytes: Buffer) => {
      this.#waiting = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes]);
      this.#handOn();
    });
    below.once("error", (error) => this.destroy(error));
    below.once("end", () => {
      this.allowHalfOpen = true;
      this.#hasEnded = true;
      this.#handOn();
    });
    below.once("close", () => {
      if (!this.#hasEnded) this.destroy(Object.assign(new Error(CLOSED), { code: "ECONNRESET" }));
      else if (this.readableEnded) this.destroy();
      else this.once("end", () => this.destroy());
    });
  }

  /** In the words of Node's handles. */
  get peer(): { readonly address?: string; readonly port?: number; readonly family?: string } {
    const { remoteAddress, remotePort, remoteFamily } = this.#below;
    return {
      ...(remoteAddress !== undefined && { address: remoteAddress }),
      ...(remotePort !== undefined && { port: remotePort }),
      ...(remoteFamily !== undefined && { family: remoteFamily }),
    };
  }

  /** Once, before the first byte. */
  obey(rules: PieceRules): void {
    this.#rules = rules;
  }

  /** Whether it is this one's turn: each brings a piece. */
  setReading(isReading: boolean): void {
    this.#isReading = isReading;
    if (isReading) this.#handOn();
    else setReading(this.#below, false);
  }

  override _read(): void {
    if (!this.#isFull) return; // It comes in turns.
    this.#isFull = false;
    this.#handOn();
  }

  override _write(bytes: Buffer, _encoding: unknown, done: (error?: Error | null) => void): void {
    this.#below.write(bytes, done);
  }

  override _writev(
    pieces: { readonly chunk: Buffer }[],
    done: (error?: Error | null) => void,
  ): void {
    this.#below.write(Buffer.concat(pieces.map(({ chunk }) => chunk)), done);
  }

  override _final(done: () => void): void {
    this.#below.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#waiting = NOTHING;
    this.#below.destroy();
    done(error);
  }

  #handOn(): void {
    if (this.destroyed) return;
    if (!this.#isReading || this.#isFull) {
      setReading(this.#below, false);
      return;
    }
    if (this.#rules?.isTime() === false) {
      setReading(this.#below, false);
      this.#soon ??= setTimeout(() => this.#goOn(), 0); // An immediate would be part of this round.
      return;
    }
    const isProven = this.#rules?.isProven() === true;
    if (!this.#handOnPiece(isProven ? PROVEN_PIECE_BYTES : PIECE_BYTES)) return;
    if (!this.#isReading || this.#isFull) {
      this.#turnLoop();
      return;
    }
    const isMore = this.#waiting.length > 0;
    setReading(this.#below, !isMore);
    if (isMore && isProven) this.#soon ??= setImmediate(() => this.#goOn());
    else if (isMore) this.#rest();
    else if (this.#hasEnded) this.push(null);
  }

  #goOn(): void {
    this.#soon = undefined;
    this.#handOn();
  }

  #rest(): void {
    this.#rules?.rest();
    this.#turnLoop();
  }

  /** What waits here wakes nobody, as what waits in the kernel would. */
  #turnLoop(): void {
    setImmediate(() => {});
  }

  #handOnPiece(bytes: number): boolean {
    if (this.#waiting.length === 0) return true;
    const piece = this.#waiting.subarray(0, bytes);
    this.#waiting = this.#waiting.subarray(bytes);
    this.bytesRead += piece.length;
    if (this.#rules?.isFair(piece) === false) return false;
    const hand = (): void => {
      this.#isFull = !this.push(piece);
    };
    if (this.#rules === undefined) hand();
    else this.#rules.handOn(hand);
    return !this.destroyed;
  }
}

const CLOSED = "the connection was closed";

/**
 * Node cannot keep a socket from being read once TLS or HTTP/2 have taken it over; its handle can.
 * Should a version of Node have no such handle, everybody is read at once.
 */
export function setReading(socket: Socket | PiecewiseSocket, isReading: boolean): void {
  if (socket instanceof PiecewiseSocket) {
    socket.setReading(isReading);
    return;
  }
  const handle = fieldOf(socket, "_handle");
  const set = fieldOf(handle, isReading ? "readStart" : "readStop");
  if (typeof set === "function") set.call(handle);
}

/** The piecewise socket below one of TLS. */
export function piecewiseBelow(socket: Socket): PiecewiseSocket | undefined {
  const wrap = fieldOf(fieldOf(socket, "_handle"), "_parentWrap");
  const stream = fieldOf(wrap, "stream");
  return stream instanceof PiecewiseSocket ? stream : undefined;
}

/** A TLS socket above a piecewise one does not know whose it is; one above a plain socket does. */
export function nameAsBelow(socket: Socket): void {
  const below = piecewiseBelow(socket);
  if (below !== undefined) Reflect.set(socket, "_peername", below.peer);
}

/** What has come below TLS: a socket that began as one of TLS counts what comes out of it. */
export function tlsBytes(socket: Socket): number {
  const bytes = fieldOf(fieldOf(fieldOf(socket, "_handle"), "_parent"), "bytesRead");
  return typeof bytes === "number" ? bytes : socket.bytesRead;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
