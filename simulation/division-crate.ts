/**
 * What crosses from one thread to another between two meetings, in one piece. Most of it are copies of a few
 * messages: each message goes over once, then its number is enough.
 */
import type { Content, CrossingDial, CrossingPacket } from "../src/transport/memory-crossing.ts";
import type { NetworkFault } from "../src/transport/network.ts";
import type { Passage } from "./dissemination.ts";
import type { ListApart, SharedLists } from "./shared-lists.ts";
import { glance } from "./wire-kind.ts";

/** As it crosses. */
export interface Crate {
  /** What must be known before the rest is read. */
  readonly known: Float64Array<ArrayBuffer>;
  readonly numbers: Float64Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly texts: readonly string[];
}

/** The other thread's part of this one's world. */
export interface Receiver {
  dialled(dial: CrossingDial): void;
  withdrew(link: number): void;
  sent(packet: CrossingPacket): void;
  /** How far the heartbeat of a message that is sent next has come. */
  passed(number: number, passage: Passage): void;
}

const [DIAL, WITHDRAWAL, PACKET, NEW, OTHER, LIST, END, PASSAGE] = [0, 1, 2, 3, 4, 5, 6, 7];
/** Messages that the other thread keeps: the newest ones. */
const KEPT = 2 ** 17;
/** A prime, so that what differs in length only is not kept in the same place. */
const SPREAD = 7_919;
/** Longer ones are lists, of which each is sent to one member. */
const KEPT_BYTES_MAX = 2_048;
const PKI_ID_BYTES = 32;

/** Numbers in a row, of which each kind of entry takes so many as it needs. */
class Numbers {
  #numbers = new Float64Array(2 ** 12);
  #used = 0;

  get length(): number {
    return this.#used;
  }

  put(...numbers: readonly number[]): void {
    for (const number of numbers) this.add(number);
  }

  add(number: number): void {
    if (this.#used === this.#numbers.length) {
      const grown = new Float64Array(2 * this.#used);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[this.#used++] = number;
  }

  at(index: number): number {
    return this.#numbers[index] ?? 0;
  }

  increment(index: number): void {
    this.#numbers[index] = this.at(index) + 1;
  }

  /** What is in it, which is out of it then. */
  take(): Float64Array<ArrayBuffer> {
    const taken = this.#numbers.slice(0, this.#used);
    this.#used = 0;
    return taken;
  }
}

export class CratePacker {
  readonly #lists: SharedLists;
  /** What crossed last of those that share a place: the number in its signature, and its id. */
  readonly #signed = new Float64Array(KEPT).fill(-1);
  readonly #ids = new Float64Array(KEPT);
  #unsignedIds = new WeakMap<Uint8Array, number>();
  #nextId = 0;
  /** What the other thread must know before it reads the rest. */
  readonly #known = new Numbers();
  readonly #numbers = new Numbers();
  #bytes = new Uint8Array(2 ** 16);
  #texts: string[] = [];
  #bytesUsed = 0;
  /** Where the last entry begins, if it is a packet. */
  #packetAt = -1;

  constructor(lists: SharedLists) {
    this.#lists = lists;
  }

  dial({ link, dialler, endpoint, atMs }: CrossingDial): void {
    this.#texts.push(dialler, endpoint);
    this.#begin(DIAL);
    this.#numbers.put(link, atMs);
  }

  withdraw(link: number): void {
    this.#begin(WITHDRAWAL);
    this.#numbers.add(link);
  }

  pass(number: number, { origin, from, hop, bornMs }: Passage): void {
    this.#known.put(PASSAGE, number, origin, from, bornMs, hop);
  }

  send(end: number, dueMs: number, sentAtMs: number, content: Content): void {
    if (!(content instanceof Uint8Array)) {
      this.#texts.push(content.fault, content.reason);
      this.#begin(END);
      this.#numbers.put(end, dueMs, sentAtMs);
      return;
    }
    const { number } = glance(content);
    const list = number < 0 ? this.#lists.apart(content) : undefined;
    if (list !== undefined) {
      this.#sendList(list, end, dueMs, sentAtMs);
    } else if (number < 0 || content.length > KEPT_BYTES_MAX) {
      this.#begin(OTHER);
      this.#numbers.put(end, dueMs, sentAtMs, this.#putBytes(content), content.length);
    } else this.#addToPacket(end, dueMs, sentAtMs, this.#keep(content));
  }

  /** Undefined: it is empty. */
  close(): Crate | undefined {
    if (this.#numbers.length === 0 && this.#known.length === 0) return undefined;
    const crate = {
      known: this.#known.take(),
      numbers: this.#numbers.take(),
      bytes: this.#bytes.slice(0, this.#bytesUsed),
      texts: this.#texts,
    };
    this.#texts = [];
    this.#bytesUsed = 0;
    this.#packetAt = -1;
    return crate;
  }

  #begin(type: number): void {
    this.#packetAt = type === PACKET ? this.#numbers.length : -1;
    this.#numbers.add(type);
  }

  /** To the last one, if it goes the same way. */
  #addToPacket(end: number, dueMs: number, sentAtMs: number, id: number): void {
    const [numbers, at] = [this.#numbers, this.#packetAt];
    const isOpen = at >= 0 && numbers.at(at + 1) === end && numbers.at(at + 3) === sentAtMs;
    if (!isOpen) {
      this.#begin(PACKET);
      numbers.put(end, dueMs, sentAtMs, 0);
    }
    numbers.increment(this.#packetAt + 4);
    numbers.add(id);
  }

  #sendList({ alive, entries, frame }: ListApart, end: number, dueMs: number, sentAtMs: number) {
    this.#begin(LIST);
    const frameAt = this.#putBytes(frame);
    this.#numbers.put(end, dueMs, sentAtMs, frameAt, frame.length, alive, entries.length);
    for (const entry of entries) this.#numbers.add(this.#keep(entry));
  }

  /** By what number the other thread knows these bytes from now on. */
  #keep(bytes: Uint8Array): number {
    const { number } = glance(bytes);
    // The same message is sent with a secret and without.
    const key = number * 2 ** 20 + bytes.length;
    const place = (number + bytes.length * SPREAD) % KEPT;
    const isSame = number >= 0 && this.#signed[place] === key;
    const known = number < 0 ? this.#unsignedIds.get(bytes) : isSame ? this.#ids[place] : undefined;
    if (known !== undefined && this.#nextId - known < KEPT / 2) return known;
    const id = this.#nextId++;
    if (number < 0) this.#unsignedIds.set(bytes, id);
    else {
      this.#signed[place] = key;
      this.#ids[place] = id;
    }
    this.#known.put(NEW, id, this.#putBytes(bytes), bytes.length);
    return id;
  }

  /** Returns where they begin. */
  #putBytes(bytes: Uint8Array): number {
    const at = this.#bytesUsed;
    const end = at + bytes.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(2 * end);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, at);
    this.#bytesUsed = end;
    return at;
  }
}

export class CrateUnpacker {
  readonly #lists: SharedLists;
  readonly #kept = new Array<Uint8Array | undefined>(KEPT);

  constructor(lists: SharedLists) {
    this.#lists = lists;
  }

  unpack(crate: Crate, receiver: Receiver): void {
    const known = new Contents(crate, crate.known);
    while (!known.isOver) {
      if (known.number() === NEW) {
        this.#kept[known.number() % KEPT] = this.#named(known.bytes());
      } else {
        const [number, origin, from] = [known.number(), known.number(), known.number()];
        receiver.passed(number, { origin, from, bornMs: known.number(), hop: known.number() });
      }
    }
    const contents = new Contents(crate, crate.numbers);
    while (!contents.isOver) this.#receive(contents.number(), contents, receiver);
  }

  #receive(type: number, contents: Contents, receiver: Receiver): void {
    if (type === WITHDRAWAL) receiver.withdrew(contents.number());
    else if (type === DIAL) {
      const [dialler, endpoint] = [contents.text(), contents.text()];
      receiver.dialled({ link: contents.number(), dialler, endpoint, atMs: contents.number() });
    } else {
      const [end, dueMs, sentAtMs] = [contents.number(), contents.number(), contents.number()];
      receiver.sent({ end, dueMs, sentAtMs, contents: this.#content(type, contents) });
    }
  }

  #content(type: number, contents: Contents): readonly Content[] {
    if (type === PACKET) return this.#keptIn(contents, contents.number());
    if (type === OTHER) return [contents.bytes()];
    if (type === END) {
      return [{ fault: contents.text() as NetworkFault, reason: contents.text() }];
    }
    const [frame, alive] = [contents.bytes(), contents.number()];
    const entries = this.#keptIn(contents, contents.number());
    return [this.#lists.together({ alive, entries, frame })];
  }

  /** A PKI-ID is one of those that this thread has already. */
  #named(bytes: Uint8Array): Uint8Array {
    const { ids } = this.#lists;
    const pkiId = bytes.length === PKI_ID_BYTES ? ids.read(bytes) : undefined;
    return pkiId === undefined ? bytes : ids.write(pkiId);
  }

  #keptIn(contents: Contents, count: number): readonly Uint8Array[] {
    const kept: Uint8Array[] = [];
    for (let i = 0; i < count; i++) {
      const bytes = this.#kept[contents.number() % KEPT];
      if (bytes === undefined) throw new Error("a message has not crossed before its copy");
      kept.push(bytes);
    }
    return kept;
  }
}

/** What entries of a crate take out of it, in their order. */
class Contents {
  readonly #crate: Crate;
  readonly #numbers: Float64Array;
  #at = 0;
  #texts = 0;

  constructor(crate: Crate, numbers: Float64Array) {
    this.#crate = crate;
    this.#numbers = numbers;
  }

  get isOver(): boolean {
    return this.#at >= this.#numbers.length;
  }

  number(): number {
    return this.#numbers[this.#at++] ?? 0;
  }

  text(): string {
    return this.#crate.texts[this.#texts++] ?? "";
  }

  /** A copy: what is kept of it must not keep the whole crate. */
  bytes(): Uint8Array {
    const [at, length] = [this.number(), this.number()];
    return this.#crate.bytes.slice(at, at + length);
  }
}
