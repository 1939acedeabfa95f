/**
 * What crosses from one thread to another between two meetings, in one piece. Most of it are copies of a few
 * messages: each message goes over once, then its number is enough.
 */
import type { CrossingContent, CrossingDial } from "../src/transport/memory-crossing.ts";
import type { NetworkFault } from "../src/transport/network.ts";
import type { Passage } from "./dissemination.ts";
import type { ListApart, SharedLists } from "./shared-lists.ts";
import { glance } from "./wire-kind.ts";

/** As it crosses. */
export interface Crate {
  readonly numbers: Float64Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly texts: readonly string[];
}

/** The other thread's part of this one's world. */
export interface Receiver {
  dialled(dial: CrossingDial): void;
  withdrew(link: number): void;
  sent(crossing: CrossingContent): void;
  /** How far the heartbeat of a message that is sent next has come. */
  passed(number: number, passage: Passage): void;
}

const [DIAL, WITHDRAWAL, KNOWN, NEW, OTHER, LIST, END, PASSAGE] = [0, 1, 2, 3, 4, 5, 6, 7];
/** Numbers of each entry; those of a list fill whole ones. */
const FIELDS = 6;
/** Messages that the other thread keeps: the newest ones. */
const KEPT = 2 ** 17;
/** Longer ones are lists, of which each is sent to one member. */
const KEPT_BYTES_MAX = 2_048;
const PKI_ID_BYTES = 32;
const NO_IDS = new Float64Array(0);

export class CratePacker {
  readonly #lists: SharedLists;
  /** By the number in its signature, and its length: the same message is sent with a secret and without. */
  #ids = new Map<number, number>();
  #unsignedIds = new WeakMap<Uint8Array, number>();
  #nextId = 0;
  #numbers = new Float64Array(FIELDS * 2 ** 10);
  #bytes = new Uint8Array(2 ** 16);
  #texts: string[] = [];
  #numbersUsed = 0;
  #bytesUsed = 0;
  #dueMs = Number.POSITIVE_INFINITY;

  constructor(lists: SharedLists) {
    this.#lists = lists;
  }

  /** When the first of what is in it is due. */
  get dueMs(): number {
    return this.#dueMs;
  }

  dial({ link, dialler, endpoint, atMs }: CrossingDial): void {
    this.#texts.push(dialler, endpoint);
    this.#put(DIAL, link, atMs);
    this.#dueMs = Math.min(this.#dueMs, atMs);
  }

  withdraw(link: number): void {
    this.#put(WITHDRAWAL, link);
  }

  pass(number: number, { origin, from, hop, bornMs }: Passage): void {
    this.#put(PASSAGE, number, origin, from, bornMs, hop);
  }

  send({ end, dueMs, sentAtMs, content }: CrossingContent): void {
    this.#dueMs = Math.min(this.#dueMs, dueMs);
    if (!(content instanceof Uint8Array)) {
      this.#texts.push(content.fault, content.reason);
      this.#put(END, end, dueMs, sentAtMs);
      return;
    }
    const list = this.#lists.apart(content);
    if (list !== undefined) {
      this.#sendList(list, end, dueMs, sentAtMs);
      return;
    }
    const { number } = glance(content);
    if (number < 0 || content.length > KEPT_BYTES_MAX) {
      this.#put(OTHER, end, dueMs, sentAtMs, content.length);
      this.#putBytes(content);
      return;
    }
    this.#put(KNOWN, end, dueMs, sentAtMs, this.#keep(content));
  }

  /** Undefined: it is empty. */
  close(): Crate | undefined {
    if (this.#numbersUsed === 0) return undefined;
    const crate = {
      numbers: this.#numbers.slice(0, this.#numbersUsed),
      bytes: this.#bytes.slice(0, this.#bytesUsed),
      texts: this.#texts,
    };
    this.#texts = [];
    [this.#numbersUsed, this.#bytesUsed] = [0, 0];
    this.#dueMs = Number.POSITIVE_INFINITY;
    return crate;
  }

  #sendList({ alive, entries, frame }: ListApart, end: number, dueMs: number, sentAtMs: number) {
    const row = [alive, ...entries.map((entry) => this.#keep(entry))];
    this.#put(LIST, end, dueMs, sentAtMs, frame.length, entries.length);
    this.#putBytes(frame);
    for (let i = 0; i < row.length; i += FIELDS)
      this.#put(row[i] ?? 0, row[i + 1], row[i + 2], row[i + 3], row[i + 4], row[i + 5]);
  }

  /** By what number the other thread knows these bytes from now on. */
  #keep(bytes: Uint8Array): number {
    const { number } = glance(bytes);
    const key = number * 2 ** 20 + bytes.length;
    const known = number < 0 ? this.#unsignedIds.get(bytes) : this.#ids.get(key);
    if (known !== undefined && this.#nextId - known < KEPT / 2) return known;
    const id = this.#nextId++;
    if (number < 0) this.#unsignedIds.set(bytes, id);
    else {
      if (this.#ids.size > KEPT) this.#ids = new Map();
      this.#ids.set(key, id);
    }
    this.#put(NEW, id, bytes.length);
    this.#putBytes(bytes);
    return id;
  }

  #put(type: number, a = 0, b = 0, c = 0, d = 0, e = 0): void {
    const at = this.#numbersUsed;
    if (at === this.#numbers.length) {
      const grown = new Float64Array(2 * at);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    const numbers = this.#numbers;
    numbers[at] = type;
    numbers[at + 1] = a;
    numbers[at + 2] = b;
    numbers[at + 3] = c;
    numbers[at + 4] = d;
    numbers[at + 5] = e;
    this.#numbersUsed = at + FIELDS;
  }

  #putBytes(bytes: Uint8Array): void {
    const end = this.#bytesUsed + bytes.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(2 * end);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#bytesUsed);
    this.#bytesUsed = end;
  }
}

export class CrateUnpacker {
  readonly #lists: SharedLists;
  readonly #kept = new Array<Uint8Array | undefined>(KEPT);

  constructor(lists: SharedLists) {
    this.#lists = lists;
  }

  unpack(crate: Crate, receiver: Receiver): void {
    const { numbers } = crate;
    const contents = new Contents(crate);
    let at = 0;
    while (at < numbers.length) {
      const [type, a, b] = [numbers[at], numbers[at + 1] ?? 0, numbers[at + 2] ?? 0];
      const [c, d, e] = [numbers[at + 3] ?? 0, numbers[at + 4] ?? 0, numbers[at + 5] ?? 0];
      at += FIELDS;
      const ids = type === LIST ? numbers.subarray(at, at + 1 + e) : NO_IDS;
      at += FIELDS * Math.ceil(ids.length / FIELDS);
      switch (type) {
        case NEW:
          this.#kept[a % KEPT] = this.#named(contents.bytes(b));
          break;
        case PASSAGE:
          receiver.passed(a, { origin: b, from: c, bornMs: d, hop: e });
          break;
        case DIAL: {
          const [dialler, endpoint] = [contents.text(), contents.text()];
          receiver.dialled({ link: a, dialler, endpoint, atMs: b });
          break;
        }
        case WITHDRAWAL:
          receiver.withdrew(a);
          break;
        default: {
          const content = this.#content(type, d, ids, contents);
          receiver.sent({ end: a, dueMs: b, sentAtMs: c, content });
        }
      }
    }
  }

  /** `size`: of its bytes, or its number. `ids`: of a list, after the count of the living. */
  #content(
    type: number | undefined,
    size: number,
    ids: Float64Array,
    contents: Contents,
  ): CrossingContent["content"] {
    if (type === KNOWN) return this.#keptAt(size);
    if (type === OTHER) return contents.bytes(size);
    if (type === END) return { fault: contents.text() as NetworkFault, reason: contents.text() };
    const [alive = 0, ...others] = ids;
    const entries = others.map((id) => this.#keptAt(id));
    return this.#lists.together({ alive, entries, frame: contents.bytes(size) });
  }

  /** A PKI-ID is one of those that this thread has already. */
  #named(bytes: Uint8Array): Uint8Array {
    const { ids } = this.#lists;
    const pkiId = bytes.length === PKI_ID_BYTES ? ids.read(bytes) : undefined;
    return pkiId === undefined ? bytes : ids.write(pkiId);
  }

  #keptAt(id: number): Uint8Array {
    const bytes = this.#kept[id % KEPT];
    if (bytes === undefined) throw new Error("a message has not crossed before its copy");
    return bytes;
  }
}

/** What entries of a crate take out of it, in their order. */
class Contents {
  readonly #crate: Crate;
  #texts = 0;
  #bytes = 0;

  constructor(crate: Crate) {
    this.#crate = crate;
  }

  text(): string {
    return this.#crate.texts[this.#texts++] ?? "";
  }

  /** A copy: what is kept of it must not keep the whole crate. */
  bytes(length: number): Uint8Array {
    this.#bytes += length;
    return this.#crate.bytes.slice(this.#bytes - length, this.#bytes);
  }
}
