import type { Socket } from "node:net";
import { BoundedMap } from "../lib/bounded-map.ts";
import type { Rate } from "../lib/rate-limit.ts";
import { Conduct } from "./limits.ts";
import { loopBusyMs } from "./patience.ts";

/**
 * So many strangers are read in one round of the event loop. One of them brings half a megabyte in a
 * round at most, of frames that cost 7 ns a byte, or has us do a part of a TLS handshake.
 */
const READ_AT_ONCE = 3;
/** In rounds of more CPU time so many go on first: of many handshakes at once, none ends in time. */
const LONG_ROUND_MS = 30;
const UNDER_WAY = 6;
/** For so many turns each, and no longer than it is silent in so many of them one after the other. */
const TURNS = 5;
const SILENT_TURNS = 3;
/** The next ones have their turn at the latest then, if those before them say nothing. */
const TURN_MS = 1;
/**
 * The client hello, and a certificate with those of a few CAs: more than that may be a chain that costs
 * us more time than a whole handshake. OpenSSL checks it in one go, as soon as its last byte has come.
 */
const TLS_BYTES = 8_192;
/** CPU time of a round that an honest handshake does not take. Its address rests as long as it took. */
const DEAR_MS = 30;
/** So long afterwards one of such an address is read at a time. */
const CAUTION_MS = 10_000;
const ADDRESSES_MAX = 1_000;
/** While all addresses rest. */
const REST_LOOK_MS = 10;
/** How often those are looked at who have proven themselves. */
const LOOK_MS = 250;

/** A socket that is watched, until it is closed. */
export interface WatchedSocket {
  readonly conduct: Conduct;
  /** The other side has proven who it is; or the stream in which it had is over. */
  prove(isProven: boolean): void;
  /** Node has begun to read the socket by itself, as it does when TLS or HTTP/2 begin. */
  readingBegan(): void;
  /** It has asked for work: a stranger is not read on in this round. */
  rest(): void;
  /** The same, with what it asked for counted: see {@link Conduct}. */
  countFrame(): boolean;
  /** It is closed, or about to be. */
  forget(): void;
  /** It is no stranger any more, and nobody watches it from here on. */
  release(): void;
}

interface Watched extends WatchedSocket {
  readonly socket: Socket;
  readonly address: string;
  readonly cut: () => void;
  bytesRead: number;
  isInTls: boolean;
  /** Turns in which it has said something, and silent ones since. */
  turns: number;
  silentTurns: number;
}

interface Time {
  /** That of this thread; where it cannot be had, how long the event loop was at work. */
  readonly cpuMs: () => number;
  readonly nowMs: () => number;
}

const TIME: Time = {
  cpuMs: () => {
    const used = process.threadCpuUsage?.();
    return used === undefined ? loopBusyMs() : (used.user + used.system) / 1_000;
  },
  nowMs: () => performance.now(),
};

/**
 * Watches over sockets: whoever sends more than is fair is cut. Strangers are read in turns, first one
 * of each address, so that no crowd of them keeps the event loop: whatever they have to say waits in
 * the kernel, and then with them.
 */
export class SocketWatch {
  readonly #provenBytes: Rate;
  readonly #proven = new Set<Watched>();
  /** The strangers that are read in this round. */
  readonly #reading = new Set<Watched>();
  /** Those who wait for their turn, by address, the next one first. */
  readonly #waiting = new Map<string, Set<Watched>>();
  /** Those who go on first, the next one first. */
  readonly #underWay = new Set<Watched>();
  /** Those among both that Node reads nevertheless, until this round is over. */
  readonly #begun = new Set<Watched>();
  /** Until when addresses rest. */
  readonly #rests = new BoundedMap<string, number>(ADDRESSES_MAX);
  readonly #time: Time;
  /** CPU time at the begin of this round. */
  #roundMs = 0;
  #isLong = false;
  /** Those among the strangers in this round that have asked for work. */
  readonly #resting = new Set<Watched>();
  #isArmed = false;
  #wake: NodeJS.Timeout | undefined;
  #lookAtProven: NodeJS.Timeout | undefined;

  /** `provenBytes`: see {@link Conduct}. Without, nobody is proven here. */
  constructor(provenBytes: Rate = { burst: 0, perSecond: 0 }, time: Time = TIME) {
    this.#provenBytes = provenBytes;
    this.#time = time;
  }

  /** Watches a socket of this address; `cut` is to end it at once. `isTls`: it begins with TLS. */
  watch(socket: Socket, address: string, cut: () => void, isTls = false): WatchedSocket {
    const watched: Watched = {
      socket,
      address,
      cut,
      bytesRead: 0,
      isInTls: isTls,
      turns: 0,
      silentTurns: 0,
      conduct: new Conduct(this.#provenBytes),
      prove: (isProven) => this.#prove(watched, isProven),
      readingBegan: () => {
        this.#lookAtTls(watched);
        watched.isInTls = false;
        this.#begun.add(watched);
      },
      rest: () => this.#rest(watched),
      countFrame: () => {
        this.#rest(watched);
        return watched.conduct.countFrame();
      },
      forget: () => this.#forget(watched),
      release: () => {
        this.#forget(watched);
        setReading(socket, true);
      },
    };
    this.#addStranger(watched);
    this.#begun.add(watched);
    return watched;
  }

  #prove(watched: Watched, isProven: boolean): void {
    watched.conduct.isProven = isProven;
    this.#forget(watched);
    if (!isProven) {
      this.#addStranger(watched);
      this.#begun.add(watched);
      return;
    }
    setReading(watched.socket, true);
    this.#proven.add(watched);
    this.#lookAtProven ??= setInterval(() => {
      for (const one of this.#proven) this.#look(one);
    }, LOOK_MS).unref();
  }

  #forget(watched: Watched): void {
    this.#proven.delete(watched);
    this.#reading.delete(watched);
    this.#underWay.delete(watched);
    this.#begun.delete(watched);
    this.#resting.delete(watched);
    const { address } = watched;
    const waiting = this.#waiting.get(address);
    waiting?.delete(watched);
    if (waiting?.size === 0) this.#waiting.delete(address);
    if (this.#proven.size > 0) return;
    clearInterval(this.#lookAtProven);
    this.#lookAtProven = undefined;
  }

  /** Node reads half a megabyte in one go if that much has come; now it stops where it is. */
  #rest(watched: Watched): void {
    if (!this.#reading.has(watched)) return;
    setReading(watched.socket, false);
    this.#resting.add(watched);
  }

  #addStranger(watched: Watched): void {
    if (this.#reading.size < READ_AT_ONCE && this.#isFree(watched.address))
      this.#reading.add(watched);
    else this.#wait(watched);
    this.#arm();
  }

  #wait(watched: Watched): void {
    const waiting = this.#waiting.get(watched.address) ?? new Set();
    this.#waiting.set(watched.address, waiting.add(watched));
  }

  /** After each round, whatever it was for: such an immediate does not make the loop turn. */
  #arm(): void {
    const delayMs = this.#reading.size > 0 ? TURN_MS : REST_LOOK_MS;
    if (this.#waiting.size + this.#underWay.size > 0)
      this.#wake ??= setTimeout(() => this.#woken(), delayMs).unref();
    if (this.#isArmed || this.#reading.size + this.#begun.size === 0) return;
    this.#isArmed = true;
    this.#roundMs = this.#time.cpuMs();
    setImmediate(() => {
      this.#isArmed = false;
      this.#endRound();
      this.#arm();
    }).unref();
  }

  #woken(): void {
    this.#wake = undefined;
    if (this.#reading.size === 0) this.#changeTurns();
    this.#arm();
  }

  #endRound(): void {
    this.#isLong = this.#time.cpuMs() - this.#roundMs > LONG_ROUND_MS;
    for (const watched of this.#reading) this.#lookAtStranger(watched);
    if (this.#waiting.size + this.#underWay.size > 0) this.#changeTurns();
    for (const watched of this.#resting) {
      if (this.#reading.has(watched)) setReading(watched.socket, true);
    }
    this.#resting.clear();
    for (const watched of this.#begun) {
      const isTurn = this.#reading.has(watched) || watched.conduct.isProven;
      if (!isTurn) setReading(watched.socket, false);
    }
    this.#begun.clear();
  }

  /** Those who were read are last now, among those who go on first or among all. */
  #changeTurns(): void {
    for (const watched of this.#reading) {
      setReading(watched.socket, false);
      if (this.#goesOn(watched)) this.#underWay.add(watched);
      else this.#wait(watched);
    }
    this.#reading.clear();
    while (this.#reading.size < READ_AT_ONCE) {
      // The last place is for somebody who begins, if there is room for one.
      const isRoom = this.#underWay.size + this.#reading.size < UNDER_WAY;
      const isOthers = isRoom && this.#reading.size === READ_AT_ONCE - 1;
      const next = (isOthers && this.#takeNext()) || this.#takeUnderWay() || this.#takeNext();
      if (next === undefined) return;
      this.#reading.add(next);
      setReading(next.socket, true);
    }
  }

  #goesOn({ silentTurns, turns }: Watched): boolean {
    if (!this.#isLong || this.#underWay.size >= UNDER_WAY) return false;
    return turns > 0 && turns < TURNS && silentTurns < SILENT_TURNS;
  }

  #takeUnderWay(): Watched | undefined {
    for (const watched of this.#underWay) {
      this.#underWay.delete(watched);
      if (this.#isFree(watched.address)) return watched;
      this.#wait(watched);
    }
    return undefined;
  }

  #takeNext(): Watched | undefined {
    for (const [address, waiting] of this.#waiting) {
      const [next] = waiting;
      if (next === undefined || !this.#isFree(address)) continue;
      this.#waiting.delete(address);
      waiting.delete(next);
      if (waiting.size > 0) this.#waiting.set(address, waiting);
      return next;
    }
    return undefined;
  }

  /** Whether one of this address may be read now. */
  #isFree(address: string): boolean {
    const untilMs = this.#rests.get(address);
    if (untilMs === undefined) return true;
    const nowMs = this.#time.nowMs();
    if (nowMs >= untilMs + CAUTION_MS) this.#rests.delete(address);
    else if (nowMs < untilMs) return false;
    else return [...this.#reading].every((watched) => watched.address !== address);
    return true;
  }

  /** Whoever has brought much in a TLS handshake that took long has its address rest. */
  #lookAtTls({ isInTls, address, bytesRead, socket }: Watched): void {
    if (!isInTls || socket.bytesRead <= TLS_BYTES || socket.bytesRead === bytesRead) return;
    const costMs = this.#time.cpuMs() - this.#roundMs;
    if (costMs < DEAR_MS) return;
    const fromMs = Math.max(this.#time.nowMs(), this.#rests.get(address) ?? 0);
    this.#rests.set(address, fromMs + costMs);
  }

  #lookAtStranger(watched: Watched): void {
    const { bytesRead } = watched.socket;
    watched.silentTurns += 1;
    if (bytesRead === watched.bytesRead) return;
    watched.silentTurns = 0;
    watched.turns += 1;
    this.#lookAtTls(watched);
    watched.bytesRead = bytesRead;
    this.#look(watched);
  }

  #look({ conduct, socket, cut }: Watched): void {
    if (!conduct.look(socket.bytesRead)) cut();
  }
}

/**
 * Node cannot keep a socket from being read once TLS or HTTP/2 have taken it over; its handle can.
 * Should a version of Node have no such handle, everybody is read at once.
 */
function setReading(socket: Socket, isReading: boolean): void {
  const handle: unknown = Reflect.get(socket, "_handle");
  if (typeof handle !== "object" || handle === null) return;
  const set: unknown = Reflect.get(handle, isReading ? "readStart" : "readStop");
  if (typeof set === "function") set.call(handle);
}
