/** The other end of a link whose network several hubs share. */
import type { Content, Send } from "./memory-crossing.ts";
import type { MemoryLink, OtherEnd } from "./memory-link.ts";
import type { Clock } from "./network.ts";

/** What was sent in one moment. */
interface UnderWay {
  readonly dueMs: number;
  readonly sentAtMs: number;
  bytes: number;
  next: UnderWay | undefined;
}

/**
 * The other end, as far as its sender must know it: wherever it is, it takes each message when that is
 * due, and there is room again.
 */
export class Transit implements OtherEnd {
  readonly windowBytes: number;
  inboxBytes = 0;
  readonly #near: MemoryLink;
  readonly #clock: Clock;
  readonly #send: Send;
  #first: UnderWay | undefined;
  #last: UnderWay | undefined;
  #isWaiting = false;

  /** `near` sends; `clock` is its own. */
  constructor(near: MemoryLink, clock: Clock, windowBytes: number, send: Send) {
    this.#near = near;
    this.#clock = clock;
    this.windowBytes = windowBytes;
    this.#send = send;
  }

  receive(arrivalMs: number, content: Content): void {
    const sentAtMs = this.#clock.now().elapsedMs;
    const bytes = content instanceof Uint8Array ? content.length : 0;
    const dueMs = this.#add(arrivalMs, sentAtMs, bytes);
    this.inboxBytes += bytes;
    this.#send(dueMs, sentAtMs, content);
    if (this.inboxBytes >= this.windowBytes) this.#wait();
  }

  /** Returns when it is due: a stream keeps its order. */
  #add(arrivalMs: number, sentAtMs: number, bytes: number): number {
    if (this.#first !== undefined && this.#last?.sentAtMs === sentAtMs) {
      this.#last.bytes += bytes;
      return this.#last.dueMs;
    }
    this.#arrive(sentAtMs);
    const last = this.#first && this.#last;
    const dueMs = Math.max(arrivalMs, last?.dueMs ?? 0);
    const underWay: UnderWay = { dueMs, sentAtMs, bytes, next: undefined };
    if (last === undefined) this.#first = underWay;
    else last.next = underWay;
    this.#last = underWay;
    return dueMs;
  }

  /** It drains by itself. */
  drainSoon(): void {}

  #arrive(nowMs: number): void {
    let first = this.#first;
    while (first !== undefined && first.dueMs <= nowMs) {
      this.inboxBytes -= first.bytes;
      first = first.next;
    }
    this.#first = first;
  }

  #wait(): void {
    if (this.#isWaiting || this.#first === undefined) return;
    this.#isWaiting = true;
    this.#clock.after(this.#first.dueMs - this.#clock.now().elapsedMs, () => {
      this.#isWaiting = false;
      this.#arrive(this.#clock.now().elapsedMs);
      this.#near.drainSoon(this.inboxBytes, this.windowBytes);
      if (this.inboxBytes >= this.windowBytes / 2) this.#wait();
    });
  }
}
