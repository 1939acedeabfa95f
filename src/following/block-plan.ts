/**
 * Chooses which blocks to request from which peer: ranges from several peers at once, one request
 * in flight each. Peers that were silent or served invalid blocks come last, after a pause. No
 * request reaches the peer's published height. Pure: the time is a parameter.
 */
import { type BlockRange, nextRange, RANGE_BLOCKS_MAX } from "../channel/rules/state-transfer.ts";

/** Parallel requests. */
const PARALLEL_MAX = 4;
/** Blocks that wait for predecessors, requested or received. */
const AHEAD_BLOCKS_MAX = 128n;
/** Estimated bytes of these. One block is always requested. */
const AHEAD_BYTES_MAX = 33_554_432;
/** Maximum bytes of one answer, which is one message. */
const ANSWER_BYTES = 4_194_304;
/** First pause after a fault; doubles with each. */
const REST_MS = 60_000;
const REST_MAX_MS = 3_600_000;
/** Pause after a request that could not be made, or was not answered in time by one who has served. */
const UNASKED_MS = 2_000;
const U64_MAX = 2n ** 64n - 1n;

interface PlannedPeer {
  height: bigint;
  /** First block that it can serve, if it was started from a snapshot. */
  lowest: bigint;
  /** Maximum range length: one block until its first answer; less after silence. */
  span: bigint;
  asked: BlockRange | undefined;
  /** Whether it has given blocks: then silence means that it is late, as a refusal is silent from the first. */
  hasServed: boolean;
  /** Number of silences and invalid blocks. */
  faults: number;
  restsUntilMs: number;
  /** Sequence number of its last request: others come first. */
  turn: number;
}

export interface PlannedAsk {
  readonly peer: string;
  readonly range: BlockRange;
}

export class BlockPlan {
  readonly #peers = new Map<string, PlannedPeer>();
  /** Numbers received and not processed yet. */
  readonly #received = new Set<bigint>();
  readonly #last: bigint;
  #next: bigint;
  #turn = 0;
  /** Estimated size of one block; undefined before the first. */
  #blockBytes: number | undefined;
  #receivedBytes = 0;

  /** The first and the last block that are wanted. */
  constructor(next: bigint, last: bigint = U64_MAX) {
    this.#next = next;
    this.#last = last;
  }

  /** Whether nothing was asked for that is to come, and the next block is not here. */
  get isIdle(): boolean {
    if (this.#received.has(this.#next)) return false;
    return [...this.#peers.values()].every(({ asked }) => asked === undefined);
  }

  /** The highest published height. */
  get heightMax(): bigint {
    let max = 0n;
    for (const { height } of this.#peers.values()) if (height > max) max = height;
    return max;
  }

  /** Adds a peer, or updates its published height. */
  heard(id: string, height: bigint): void {
    const peer = this.#peers.get(id);
    if (peer !== undefined) {
      peer.height = height;
      return;
    }
    this.#peers.set(id, {
      height,
      ...{ lowest: 0n, span: 1n, asked: undefined, turn: 0 },
      ...{ hasServed: false, faults: 0, restsUntilMs: 0 },
    });
  }

  gone(id: string): void {
    this.#peers.delete(id);
  }

  /** A silent peer may have been admitted since. */
  forgive(): void {
    for (const peer of this.#peers.values()) peer.restsUntilMs = 0;
  }

  /**
   * The requests to send now, recorded as sent. `bytesWaiting`: size of received blocks not
   * processed yet.
   */
  ask(nowMs: number, bytesWaiting = 0): readonly PlannedAsk[] {
    const asks: PlannedAsk[] = [];
    for (;;) {
      const ask = this.#nextAsk(nowMs, bytesWaiting);
      if (ask === undefined) return asks;
      asks.push(ask);
    }
  }

  /** When a pausing peer may be asked again; undefined if none pauses. */
  wakesAtMs(nowMs: number): number | undefined {
    const moments = [...this.#peers.values()]
      .map(({ restsUntilMs }) => restsUntilMs)
      .filter((ms) => ms > nowMs);
    return moments.length === 0 ? undefined : Math.min(...moments);
  }

  /** Records a peer's answer; the numbers are within the range, in ascending order. */
  answered(id: string, numbers: readonly bigint[], bytes: number): void {
    const peer = this.#peers.get(id);
    const asked = peer?.asked;
    if (peer === undefined || asked === undefined) return;
    peer.asked = undefined;
    const [first] = numbers;
    if (first !== asked.from) peer.lowest = (first ?? asked.to) + (first === undefined ? 1n : 0n);
    if (numbers.length === 0) return;
    peer.hasServed = true;
    const mean = bytes / numbers.length;
    const isFirst = this.#blockBytes === undefined;
    this.#blockBytes = isFirst ? mean : ((this.#blockBytes ?? 0) + mean) / 2;
    if (asked.from === asked.to && peer.span === 1n && peer.faults === 0) {
      peer.span = RANGE_BLOCKS_MAX;
    }
  }

  /**
   * Records a missing answer. A long range may exceed what this peer allows. One who has served is asked again
   * soon: the line of questions to it knows for how long it is to be left alone.
   */
  silent(id: string, nowMs: number): void {
    const peer = this.#peers.get(id);
    const asked = peer?.asked;
    if (peer === undefined || asked === undefined) return;
    peer.asked = undefined;
    const length = asked.to - asked.from + 1n;
    if (length > 1n) {
      peer.span = length / 2n;
    } else if (peer.hasServed) {
      peer.faults++;
      pause(peer, nowMs);
    } else {
      rest(peer, nowMs);
    }
  }

  /** The request did not get to the peer, which is no fault of it. */
  unasked(id: string, nowMs: number): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    peer.asked = undefined;
    pause(peer, nowMs);
  }

  /** Records an invalid block of a peer. */
  lied(id: string, nowMs: number): void {
    const peer = this.#peers.get(id);
    if (peer !== undefined) rest(peer, nowMs);
  }

  /** Records a received block, which is not requested again; false if it is not wanted. */
  receive(number: bigint, bytes: number): boolean {
    const end = minOf(this.#next + AHEAD_BLOCKS_MAX, this.#last + 1n);
    const isWanted = number >= this.#next && number < end;
    if (!isWanted || this.#received.has(number)) return false;
    this.#received.add(number);
    this.#receivedBytes += bytes;
    return true;
  }

  /** A received block turned out to be invalid: it is requested again. */
  discard(number: bigint, bytes: number): void {
    if (this.#received.delete(number)) this.#receivedBytes -= bytes;
  }

  /** The next block is verified: a block that holds makes up for one fault. */
  take(bytes: number, id?: string): void {
    this.discard(this.#next, bytes);
    this.#next++;
    const peer = id === undefined ? undefined : this.#peers.get(id);
    if (peer !== undefined && peer.faults > 0) peer.faults--;
  }

  #nextAsk(nowMs: number, bytesWaiting: number): PlannedAsk | undefined {
    const asked = [...this.#peers.values()].flatMap((peer) => peer.asked ?? []);
    if (asked.length >= PARALLEL_MAX) return undefined;
    const isTaken = (number: bigint) =>
      this.#received.has(number) || asked.some(({ from, to }) => from <= number && number <= to);
    let from = this.#next;
    while (isTaken(from)) from++;
    const room = this.#room(from, asked, bytesWaiting);
    const chosen = room === 0n ? undefined : this.#choose(from, nowMs);
    if (chosen === undefined) return undefined;
    const [id, peer] = chosen;
    const span = minOf(peer.span, room);
    const range = nextRange(from, from + span - 1n, peer.height);
    if (range === undefined) return undefined;
    let { to } = range;
    for (let number = from + 1n; number <= to; number++) if (isTaken(number)) to = number - 1n;
    peer.asked = { from, to };
    peer.turn = ++this.#turn;
    return { peer: id, range: peer.asked };
  }

  /** Number of blocks that may be requested from a number on. */
  #room(from: bigint, asked: readonly BlockRange[], bytesWaiting: number): bigint {
    const end = minOf(this.#next + AHEAD_BLOCKS_MAX, this.#last + 1n);
    if (from >= end) return 0n;
    const isFirst = from === this.#next;
    const bytes = this.#blockBytes;
    if (bytes === undefined) return isFirst ? 1n : 0n;
    let ahead = 0n;
    for (const range of asked) ahead += range.to - range.from + 1n;
    const free = AHEAD_BYTES_MAX - bytesWaiting - this.#receivedBytes - Number(ahead) * bytes;
    const fitting = Math.trunc(Math.min(free, ANSWER_BYTES) / Math.max(bytes, 1));
    const least = isFirst ? 1 : 0;
    const room = BigInt(Math.max(fitting, least));
    return minOf(room, end - from);
  }

  /** The peer that has the block, with the fewest faults and the oldest request. */
  #choose(number: bigint, nowMs: number): readonly [string, PlannedPeer] | undefined {
    const having = [...this.#peers].filter(
      ([, { height, lowest, restsUntilMs }]) =>
        height > number && lowest <= number && restsUntilMs <= nowMs,
    );
    const fewest = Math.min(...having.map(([, { faults }]) => faults));
    return having
      .filter(([, { faults, asked }]) => faults === fewest && asked === undefined)
      .toSorted(([, a], [, b]) => a.turn - b.turn)[0];
  }
}

const minOf = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** A longer rest, for a block that did not hold, remains. */
function pause(peer: PlannedPeer, nowMs: number): void {
  peer.restsUntilMs = Math.max(peer.restsUntilMs, nowMs + UNASKED_MS);
}

function rest(peer: PlannedPeer, nowMs: number): void {
  peer.restsUntilMs = nowMs + Math.min(REST_MS * 2 ** peer.faults, REST_MAX_MS);
  peer.faults++;
  peer.span = 1n;
}
