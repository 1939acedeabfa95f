import type { Socket } from "node:net";
import type { Rate } from "../lib/rate-limit.ts";
import { type Caution, SERVER_BYTES } from "./caution.ts";
import { Conduct } from "./limits.ts";
import { threadCpuMs } from "./patience.ts";
import { PiecewiseSocket, setReading, tlsBytes } from "./piecewise-socket.ts";
import { TurnQueue } from "./turn-queue.ts";

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
/** Silent turns after TLS that end being a newcomer; and one turn of so many goes to all others. */
const NEWCOMER_SILENT_TURNS = 10;
const OTHERS_SHARE = 3;
/** The next ones have their turn at the latest then, if those before them say nothing. */
const TURN_MS = 1;
/** TLS of strangers takes no more CPU time in one round, but for its last part. */
const TLS_ROUND_MS = 3;
/** Less by that once somebody was accepted: the next ones wait in the kernel for the next round. */
const ACCEPTED_MS = 2;
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

/** What befalls a watched socket. */
export interface WatchEvents {
  /** It is to be ended at once: it has brought more than is fair. In TLS the reason is given. */
  readonly cut: (reason?: string) => void;
  /** Why the next piece of a piecewise socket must not reach TLS before it is established; default: it may. */
  readonly objection?: (socket: PiecewiseSocket, piece: Buffer) => string | undefined;
  /** Of a server: judges and learns how long its chain may be; default: as long as you like. */
  readonly caution?: Caution;
  /** A piecewise socket has more to say, after TLS; default: it rests until the next round. */
  readonly rest?: () => void;
}

interface Watched extends WatchedSocket {
  readonly socket: Socket | PiecewiseSocket;
  readonly address: string;
  readonly events: WatchEvents;
  bytesRead: number;
  isInTls: boolean;
  /** Turns in which it has said something, and silent ones since. */
  turns: number;
  silentTurns: number;
}

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
  /** Those who wait for their turn: who has not said much yet, and all others, of whom most are silent. */
  readonly #newcomers = new TurnQueue<Watched>();
  readonly #others = new TurnQueue<Watched>();
  #taken = 0;
  /** Those who go on first, the next one first. */
  readonly #underWay = new Set<Watched>();
  /** Those among both that Node reads nevertheless, until this round is over. */
  readonly #begun = new Set<Watched>();
  readonly #cpuMs: () => number;
  /** CPU time at the begin of this round. */
  #roundMs = 0;
  #isLong = false;
  /** What TLS of strangers has taken in this round, of those whom we read piece by piece. */
  #tlsMs = 0;
  /** Those among the strangers in this round that have asked for work. */
  readonly #resting = new Set<Watched>();
  #isArmed = false;
  #wake: NodeJS.Timeout | undefined;
  #lookAtProven: NodeJS.Timeout | undefined;

  /** `provenBytes`: see {@link Conduct}. Without, nobody is proven here. */
  constructor(provenBytes: Rate = { burst: 0, perSecond: 0 }, cpuMs = threadCpuMs) {
    this.#provenBytes = provenBytes;
    this.#cpuMs = cpuMs;
  }

  /** Watches a socket of this address. `isTls`: it begins with TLS. */
  watch(
    socket: Socket | PiecewiseSocket,
    address: string,
    events: WatchEvents,
    isTls = false,
  ): WatchedSocket {
    const watched: Watched = {
      socket,
      address,
      events,
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
    if (socket instanceof PiecewiseSocket) this.#ruleOver(watched, socket);
    this.#addStranger(watched);
    this.#begun.add(watched);
    this.#tlsMs += ACCEPTED_MS;
    return watched;
  }

  #ruleOver(watched: Watched, socket: PiecewiseSocket): void {
    const { caution, cut, objection, rest } = watched.events;
    socket.obey({
      isProven: () => watched.conduct.isProven,
      isTime: () => !watched.isInTls || this.#tlsMs < TLS_ROUND_MS,
      isFair: (piece) => {
        if (!watched.isInTls) return true;
        const reason = objection?.(socket, piece) ?? caution?.objection(socket);
        if (reason !== undefined) cut(reason);
        return reason === undefined;
      },
      handOn: (hand) => {
        if (!watched.isInTls) return hand();
        const beforeMs = this.#cpuMs();
        hand();
        const cpuMs = this.#cpuMs() - beforeMs;
        this.#tlsMs += cpuMs;
        caution?.learn(socket, cpuMs);
      },
      rest: () => {
        if (watched.isInTls || rest === undefined) this.#rest(watched);
        else rest();
      },
    });
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
    this.#newcomers.delete(watched);
    this.#others.delete(watched);
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
    if (this.#reading.size < READ_AT_ONCE) this.#reading.add(watched);
    else this.#wait(watched);
    this.#arm();
  }

  #wait(watched: Watched): void {
    const isTalking = watched.turns < TURNS && watched.silentTurns < NEWCOMER_SILENT_TURNS;
    (watched.isInTls || isTalking ? this.#newcomers : this.#others).add(watched);
  }

  get #isAnybodyWaiting(): boolean {
    return this.#underWay.size > 0 || !this.#newcomers.isEmpty || !this.#others.isEmpty;
  }

  /** After each round, whatever it was for: such an immediate does not make the loop turn. */
  #arm(): void {
    if (this.#isAnybodyWaiting) this.#wake ??= setTimeout(() => this.#woken(), TURN_MS).unref();
    if (this.#isArmed || this.#reading.size + this.#begun.size === 0) return;
    this.#isArmed = true;
    this.#roundMs = this.#cpuMs();
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
    this.#isLong = this.#cpuMs() - this.#roundMs > LONG_ROUND_MS;
    this.#tlsMs = 0;
    for (const watched of this.#reading) this.#lookAtStranger(watched);
    if (this.#isAnybodyWaiting) this.#changeTurns();
    const resting = [...this.#resting];
    this.#resting.clear();
    for (const watched of resting) {
      if (this.#reading.has(watched)) setReading(watched.socket, true);
    }
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
    const [next] = this.#underWay;
    if (next !== undefined) this.#underWay.delete(next);
    return next;
  }

  #takeNext(): Watched | undefined {
    this.#taken += 1;
    return this.#taken % OTHERS_SHARE === 0
      ? (this.#others.take() ?? this.#newcomers.take())
      : (this.#newcomers.take() ?? this.#others.take());
  }

  /** Whether somebody who is read in one go has brought a long chain, and that may have taken long. */
  #lookAtTls({ isInTls, events: { caution }, bytesRead, socket }: Watched): void {
    if (!isInTls || socket instanceof PiecewiseSocket || caution === undefined) return;
    const bytes = tlsBytes(socket);
    if (bytes <= SERVER_BYTES || bytes === bytesRead) return;
    if (this.#cpuMs() - this.#roundMs >= LONG_ROUND_MS) caution.begin();
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

  #look({ conduct, socket, events }: Watched): void {
    if (!conduct.look(socket.bytesRead)) events.cut();
  }
}
