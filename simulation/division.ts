/**
 * One network simulated by several threads. Each runs some of the members, and knows the plan of all. What is
 * sent takes a moment at least, so each thread runs a quarter of that moment, hands over what has been sent
 * meanwhile, and needs from the others only what they sent up to three quarters before. The run is the same
 * however many threads there are.
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { Arrivals, Border, CrossingDial, Send } from "../src/transport/memory-crossing.ts";
import type { VirtualClock } from "./clock.ts";
import type { Dissemination } from "./dissemination.ts";
import { type Crate, CratePacker, CrateUnpacker, type Receiver } from "./division-crate.ts";
import { LATE_MAX, Rendezvous, type Row } from "./rendezvous.ts";
import type { SharedLists } from "./shared-lists.ts";
import type { Sight } from "./views.ts";
import { glance } from "./wire-kind.ts";

/** The place of one thread among those that simulate a network. */
export interface Place {
  readonly index: number;
  readonly count: number;
  readonly memory: SharedArrayBuffer;
  /** To each other thread; nothing at its own index. */
  readonly ports: readonly (MessagePort | undefined)[];
}

/** The part of a world that this needs. */
interface Country {
  readonly arrivals: Arrivals;
  readonly clock: VirtualClock;
  readonly lists: SharedLists;
  readonly indexAt: (endpoint: string) => number;
}

interface Neighbour {
  readonly index: number;
  readonly port: MessagePort;
  readonly packer: CratePacker;
  readonly unpacker: CrateUnpacker;
}

/** With so many organisations for each thread, each organisation lives in one. */
const ORGANISATIONS_MIN = 8;
/** Arrivals may come at the very end of the least time: all of what is run before must be earlier. */
const SAFETY = 0.999;
const NOTHING: Row = [0, 0, 0, 0];

export class Division implements Border {
  readonly crossingMs: number;
  readonly #place: Place | undefined;
  readonly #orgs: number;
  #rendezvous: Rendezvous | undefined;
  #neighbours: readonly Neighbour[] = [];
  #country: Country | undefined;
  #dissemination: Dissemination | undefined;
  #links = 0;
  /** The last meeting at which what others had handed over was taken. */
  #received = 0;

  /** `orgs`: organisations, to which members belong in turn. `crossingMs`: the least time a message takes. */
  constructor(place: Place | undefined, orgs: number, crossingMs: number) {
    this.#place = place;
    this.#orgs = orgs;
    this.crossingMs = crossingMs;
    this.#rendezvous = place && new Rendezvous(place.memory, place.index, place.count);
  }

  /** Whether this thread speaks for all. */
  get isFirst(): boolean {
    return (this.#place?.index ?? 0) === 0;
  }

  get isPart(): boolean {
    return this.#place !== undefined;
  }

  /** Whether this thread runs the member. */
  isOwn(member: number): boolean {
    return this.#place === undefined || this.#threadOf(member) === this.#place.index;
  }

  join(country: Country): void {
    this.#country = country;
    const { lists } = country;
    this.#neighbours = (this.#place?.ports ?? []).flatMap((port, index) =>
      port === undefined
        ? []
        : { index, port, packer: new CratePacker(lists), unpacker: new CrateUnpacker(lists) },
    );
  }

  /** Measures heartbeats that cross. */
  measureWith(dissemination: Dissemination): void {
    this.#dissemination = dissemination;
  }

  isAbroad(endpoint: string): boolean {
    return this.#place !== undefined && !this.isOwn(this.#country?.indexAt(endpoint) ?? 0);
  }

  nextLink(): number {
    const { index, count } = this.#place ?? { index: 0, count: 1 };
    return this.#links++ * count + index;
  }

  dialled(dial: CrossingDial): void {
    this.#packerOf(dial.endpoint)?.dial(dial);
  }

  withdrew(link: number, endpoint: string): void {
    this.#packerOf(endpoint)?.withdraw(link);
  }

  way(end: number, from: string, to: string): Send {
    const packer = this.#packerOf(to);
    const member = this.#country?.indexAt(from) ?? 0;
    return (dueMs, sentAtMs, content) => {
      if (packer === undefined || this.#rendezvous === undefined) return;
      if (content instanceof Uint8Array) this.#tellPassage(packer, content, member);
      packer.send(end, dueMs, sentAtMs, content);
    };
  }

  #tellPassage(packer: CratePacker, bytes: Uint8Array, member: number): void {
    const { kind, number } = glance(bytes);
    const isHeartbeat = kind === "alive" && number >= 0;
    const passage = isHeartbeat ? this.#dissemination?.passage(number, member) : undefined;
    if (passage) packer.pass(number, passage);
  }

  /**
   * Advances the clock in parts of a quarter of the time that anything needs to cross: what others sent four
   * parts before must have come before the next one is run, so no thread is far ahead, and few wait.
   * Returns whether anything ran.
   */
  advance(durationMs: number): boolean {
    if (this.#country === undefined) return false;
    const { clock } = this.#country;
    const endMs = clock.now().elapsedMs + durationMs;
    if (this.#rendezvous === undefined) return clock.runUntil(endMs);
    let hasRun = false;
    while (clock.now().elapsedMs < endMs) {
      this.#receive(this.#rendezvous.meetings - LATE_MAX);
      const partMs = clock.now().elapsedMs + (SAFETY * this.crossingMs) / (LATE_MAX + 1);
      hasRun = clock.runUntil(Math.min(endMs, partMs)) || hasRun;
      this.#handOver();
    }
    return hasRun;
  }

  /** What all threads see. */
  together(own: Sight): Sight {
    this.#receive(this.#rendezvous?.meetings ?? 0);
    const row: Row = [own.expected, own.seen, own.ghosts, 0];
    const [expected, seen, ghosts] = this.#rendezvous?.sum(row) ?? row;
    return { expected, seen, ghosts };
  }

  /** Hands what was measured to the first thread, which gets the parts of all others. */
  collect<Part>(part: Part): readonly Part[] {
    const { isFirst } = this;
    this.#receive(this.#rendezvous?.meetings ?? 0);
    if (!isFirst) this.#neighbours.find(({ index }) => index === 0)?.port.postMessage(part);
    this.#rendezvous?.sum(NOTHING);
    return isFirst ? this.#neighbours.map(({ port }) => take<Part>(port)) : [];
  }

  /** From now on neither this thread nor the others wait for each other. */
  breakOff(): void {
    this.#rendezvous?.breakOff();
    this.#rendezvous = undefined;
    this.#neighbours = [];
  }

  #threadOf(member: number): number {
    const count = this.#place?.count ?? 1;
    const orgs = this.#orgs;
    const isByOrganisation = orgs % count === 0 || orgs >= ORGANISATIONS_MIN * count;
    return (isByOrganisation ? member % orgs : member) % count;
  }

  #packerOf(endpoint: string): CratePacker | undefined {
    const thread = this.#threadOf(this.#country?.indexAt(endpoint) ?? 0);
    return this.#neighbours.find(({ index }) => index === thread)?.packer;
  }

  /** Hands over what was sent to other threads since the last meeting. */
  #handOver(): void {
    if (this.#rendezvous === undefined) return;
    let handedOver = 0;
    for (const { index, packer, port } of this.#neighbours) {
      const crate = packer.close();
      if (crate === undefined) continue;
      port.postMessage(crate, [crate.known.buffer, crate.numbers.buffer, crate.bytes.buffer]);
      handedOver += 2 ** index;
    }
    this.#rendezvous.arrive([0, 0, 0, handedOver]);
  }

  /** Receives what others have handed over up to this meeting. */
  #receive(meeting: number): void {
    const [rendezvous, country] = [this.#rendezvous, this.#country];
    if (rendezvous === undefined || country === undefined) return;
    const nowMs = country.clock.now().elapsedMs;
    const dissemination = this.#dissemination;
    const receiver: Receiver = {
      ...country.arrivals,
      passed: (number, passage) => dissemination?.passed(number, passage, nowMs),
    };
    while (this.#received < meeting) {
      this.#received += 1;
      rendezvous.await(this.#received);
      for (const { index, port, unpacker } of this.#neighbours) {
        const [, , , handedOver = 0] = rendezvous.told(this.#received, index);
        const isForUs = Math.floor(handedOver / 2 ** rendezvous.index) % 2 === 1;
        if (isForUs) unpacker.unpack(take<Crate>(port), receiver);
      }
    }
  }
}

function take<T>(port: MessagePort): T {
  const received = receiveMessageOnPort(port);
  if (received === undefined) throw new Error("another thread has handed over nothing");
  return received.message as T;
}
