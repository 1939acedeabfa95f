/**
 * Which blocks to ask of whom: ranges from several peers at once, one request in flight for each. Peers
 * that were silent or lied are asked last, and after a rest. Nobody is asked for a number at or past the
 * height that it has published. Pure: the time is a parameter.
 */
import { type BlockRange, nextRange, RANGE_BLOCKS_MAX } from "../channel/rules/state-transfer.ts";

/** Requests at the same time. */
const PARALLEL_MAX = 4;
/** Blocks that wait for those before them, asked for or received. */
const AHEAD_BLOCKS_MAX = 128n;
/** Bytes of them, as far as the blocks before let us guess. One block is always asked for. */
const AHEAD_BYTES_MAX = 33_554_432;
/** Of one answer; each is one message. */
const ANSWER_BYTES = 4_194_304;
/** After a fault; doubled with each. */
const REST_MS = 60_000;
const REST_MAX_MS = 3_600_000;

interface PlannedPeer {
  height: bigint;
  /** Blocks before this one it does not give: it was started from a snapshot. */
  lowest: bigint;
  /** How long ranges may be: one block, until it has answered once; less where it was silent. */
  span: bigint;
  asked: BlockRange | undefined;
  /** Silences and lies. */
  faults: number;
  restsUntilMs: number;
  /** When it was asked last, by count: the others come first. */
  turn: number;
}

export interface PlannedAsk {
  readonly peer: string;
  readonly range: BlockRange;
}

export class BlockPlan {
  readonly #peers = new Map<string, PlannedPeer>();
  /** Numbers that were received and not taken yet. */
  readonly #received = new Set<bigint>();
  #next: bigint;
  #turn = 0;
  /** Of one block, as those before let us guess; undefined before the first. */
  #blockBytes: number | undefined;
  #receivedBytes = 0;

  /** `next`: the first block that is wanted. */
  constructor(next: bigint) {
    this.#next = next;
  }

  /** The highest height that anybody has published. */
  get heightMax(): bigint {
    let max = 0n;
    for (const { height } of this.#peers.values()) if (height > max) max = height;
    return max;
  }

  /** A peer is there and has published a height. */
  heard(id: string, height: bigint): void {
    const peer = this.#peers.get(id);
    if (peer !== undefined) {
      peer.height = height;
      return;
    }
    this.#peers.set(id, {
      height,
      ...{ lowest: 0n, span: 1n, asked: undefined, faults: 0, restsUntilMs: 0, turn: 0 },
    });
  }

  gone(id: string): void {
    this.#peers.delete(id);
  }

  /** Who was silent may have been let in since. */
  forgive(): void {
    for (const peer of this.#peers.values()) peer.restsUntilMs = 0;
  }

  /** What is to be asked now; noted as asked. `bytesWaiting`: of blocks that were taken and still wait. */
  ask(nowMs: number, bytesWaiting = 0): readonly PlannedAsk[] {
    const asks: PlannedAsk[] = [];
    for (;;) {
      const ask = this.#nextAsk(nowMs, bytesWaiting);
      if (ask === undefined) return asks;
      asks.push(ask);
    }
  }

  /** When somebody who rests may be asked again; undefined if nobody rests. */
  wakesAtMs(nowMs: number): number | undefined {
    const moments = [...this.#peers.values()]
      .map(({ restsUntilMs }) => restsUntilMs)
      .filter((ms) => ms > nowMs);
    return moments.length === 0 ? undefined : Math.min(...moments);
  }

  /** A peer has answered; the numbers are within the range, in ascending order. */
  answered(id: string, numbers: readonly bigint[], bytes: number): void {
    const peer = this.#peers.get(id);
    const asked = peer?.asked;
    if (peer === undefined || asked === undefined) return;
    peer.asked = undefined;
    const [first] = numbers;
    if (first !== asked.from) peer.lowest = (first ?? asked.to) + (first === undefined ? 1n : 0n);
    if (numbers.length === 0) return;
    const mean = bytes / numbers.length;
    const isFirst = this.#blockBytes === undefined;
    this.#blockBytes = isFirst ? mean : ((this.#blockBytes ?? 0) + mean) / 2;
    if (asked.from === asked.to && peer.span === 1n && peer.faults === 0) {
      peer.span = RANGE_BLOCKS_MAX;
    }
  }

  /** No answer came. A long range may just be longer than this peer allows. */
  silent(id: string, nowMs: number): void {
    const peer = this.#peers.get(id);
    const asked = peer?.asked;
    if (peer === undefined || asked === undefined) return;
    peer.asked = undefined;
    const length = asked.to - asked.from + 1n;
    if (length > 1n) peer.span = length / 2n;
    else rest(peer, nowMs);
  }

  /** What it gave is not believed. */
  lied(id: string, nowMs: number): void {
    const peer = this.#peers.get(id);
    if (peer !== undefined) rest(peer, nowMs);
  }

  /** A block is here, and is not asked for any more; false if it is not wanted. */
  receive(number: bigint, bytes: number): boolean {
    const isWanted = number >= this.#next && number < this.#next + AHEAD_BLOCKS_MAX;
    if (!isWanted || this.#received.has(number)) return false;
    this.#received.add(number);
    this.#receivedBytes += bytes;
    return true;
  }

  /** A block that was received is of no use: it is asked for again. */
  discard(number: bigint, bytes: number): void {
    if (this.#received.delete(number)) this.#receivedBytes -= bytes;
  }

  /** The next block is believed. */
  take(bytes: number): void {
    this.discard(this.#next, bytes);
    this.#next++;
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

  /** How many blocks may be asked for from a number on. */
  #room(from: bigint, asked: readonly BlockRange[], bytesWaiting: number): bigint {
    const end = this.#next + AHEAD_BLOCKS_MAX;
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

  /** The one that has the block, among those with the fewest faults; the one asked longest ago. */
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

function rest(peer: PlannedPeer, nowMs: number): void {
  peer.restsUntilMs = nowMs + Math.min(REST_MS * 2 ** peer.faults, REST_MAX_MS);
  peer.faults++;
  peer.span = 1n;
}
