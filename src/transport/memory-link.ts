import { copyBytes } from "../wire/bytes.ts";
import type { Content } from "./memory-crossing.ts";
import type { MemorySettings } from "./memory-options.ts";
import type { Cancel, Clock, Link, LinkEvents, NetworkFault, StreamEnd } from "./network.ts";
import { readRefusal } from "./refusal.ts";

/** Who is at one end of a link, and how it reads. */
export interface End {
  readonly address: string;
  /** Calls it back. */
  readonly clock: Clock;
  readonly readMs: number;
  readonly windowBytes: number;
}

/** Both ends of a link in memory, as the hub that made it sees them. */
export interface Pipe {
  readonly dialler: string;
  readonly acceptor: string;
  /** Both ends see this end at once; what is under way is lost. */
  break(fault: NetworkFault, reason: string): void;
  /** Closes the end, or ends, that belong to the address. */
  leave(address: string): void;
  /** Looks again whether the routes of both directions pass. */
  routesChanged(): void;
}

interface PipeFacts {
  readonly dialler: End;
  readonly acceptor: End;
  readonly diallerHash: Uint8Array | undefined;
  readonly acceptorHash: Uint8Array | undefined;
  /** Called once both ends have been told of the end. */
  closed(): void;
}

/** The other end, as one end of a link sees it: here, or in another hub. */
export interface OtherEnd {
  /** Bytes on their way to it. */
  readonly inboxBytes: number;
  /** From so many on, this end must wait. */
  readonly windowBytes: number;
  receive(arrivalMs: number, content: Content): void;
  /** This end has handed over what was sent; so many bytes are still on their way to it. */
  drainSoon(inboxBytes: number, windowBytes: number): void;
}

/** What was sent in one moment: messages, or at the end why there will be none any more. */
interface Packet {
  readonly dueMs: number;
  readonly sentAtMs: number;
  readonly contents: Content[];
  /** How many of them have been handed over. */
  done: number;
  /** What was sent after it. */
  next: Packet | undefined;
}

export function openMemoryLinks(
  settings: MemorySettings,
  facts: PipeFacts,
): { readonly outbound: Link; readonly inbound: Link; readonly pipe: Pipe } {
  const pipe = new MemoryPipe(settings, facts);
  return { outbound: pipe.outbound, inbound: pipe.inbound, pipe };
}

class MemoryPipe implements Pipe {
  readonly dialler: string;
  readonly acceptor: string;
  readonly outbound: MemoryLink;
  readonly inbound: MemoryLink;
  readonly #settings: MemorySettings;
  #openEnds = 2;
  #cancelSilence: Cancel = () => {};

  constructor(settings: MemorySettings, facts: PipeFacts) {
    const { dialler, acceptor, diallerHash, acceptorHash } = facts;
    const closed = (): void => {
      this.#openEnds -= 1;
      if (this.#openEnds > 0) return;
      this.#cancelSilence();
      facts.closed();
    };
    this.dialler = dialler.address;
    this.acceptor = acceptor.address;
    this.#settings = settings;
    this.outbound = new MemoryLink(settings, closed, {
      outbound: true,
      own: dialler,
      remoteAddress: acceptor.address,
      localCertHash: diallerHash,
      remoteCertHash: acceptorHash,
    });
    this.inbound = new MemoryLink(settings, closed, {
      outbound: false,
      own: acceptor,
      remoteAddress: dialler.address,
      localCertHash: acceptorHash,
      remoteCertHash: diallerHash,
    });
    this.outbound.join(this.inbound);
    this.inbound.join(this.outbound);
  }

  break(fault: NetworkFault, reason: string): void {
    this.outbound.end(fault, reason);
    this.inbound.end(fault, reason);
  }

  leave(address: string): void {
    if (address === this.dialler) this.outbound.close();
    if (address === this.acceptor) this.inbound.close();
  }

  routesChanged(): void {
    const { dialler, acceptor } = this;
    const { route, clock, silenceTimeoutMs } = this.#settings;
    this.#cancelSilence();
    this.outbound.pump();
    this.inbound.pump();
    if (route(dialler, acceptor) !== "lose" && route(acceptor, dialler) !== "lose") return;
    this.#cancelSilence = clock.after(silenceTimeoutMs, () => this.break("timeout", "silence"));
  }
}

export interface EndFacts {
  readonly outbound: boolean;
  readonly own: End;
  readonly remoteAddress: string;
  readonly localCertHash: Uint8Array | undefined;
  readonly remoteCertHash: Uint8Array | undefined;
}

/** One end: what was sent to it and has not been handed over waits in its inbox, in order. */
export class MemoryLink implements Link, OtherEnd {
  readonly outbound: boolean;
  readonly remoteAddress: string;
  readonly localCertHash: Uint8Array;
  readonly remoteCertHash: Uint8Array | undefined;
  readonly #settings: MemorySettings;
  readonly #own: End;
  readonly #closed: () => void;
  #other: OtherEnd | undefined;
  #events: LinkEvents | undefined;
  /** A chain: an array that is emptied from its front is made anew again and again. */
  #first: Packet | undefined;
  #last: Packet | undefined;
  #inboxBytes = 0;
  #cancelDelivery: Cancel | undefined;
  readonly #deliverDue = (): void => this.#deliver();
  /** What is sent in one moment travels in one packet. */
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #packetDueMs = 0;
  /** A slow reader takes nothing before this moment. */
  #readyAtMs = 0;
  /** `send` returned false, and `drain` has not been called since. */
  #blocked = false;
  #end: { readonly fault: NetworkFault; readonly reason: string } | undefined;

  constructor(settings: MemorySettings, closed: () => void, facts: EndFacts) {
    this.#settings = settings;
    this.#closed = closed;
    this.#own = facts.own;
    this.outbound = facts.outbound;
    this.remoteAddress = facts.remoteAddress;
    this.localCertHash = facts.localCertHash ?? new Uint8Array(0);
    this.remoteCertHash = facts.remoteCertHash;
  }

  get address(): string {
    return this.#own.address;
  }

  join(other: OtherEnd): void {
    this.#other = other;
  }

  /** There are no sockets here that could run out. */
  admit(): void {}

  start(events: LinkEvents): void {
    const isFirst = this.#events === undefined;
    this.#events = events;
    if (!isFirst) return;
    if (this.#end === undefined) this.pump();
    else this.#tellEnd();
  }

  send(bytes: Uint8Array): boolean {
    const other = this.#other;
    if (this.#end !== undefined || other === undefined) return false;
    const { messageBytesMax, sharesBytes } = this.#settings;
    if (bytes.length > messageBytesMax) {
      const reason = `a message of ${bytes.length} bytes is above the limit of ${messageBytesMax}`;
      this.end("message-too-large", reason);
      other.receive(this.#arrivalMs(), { fault: "closed", reason });
      return false;
    }
    other.receive(this.#arrivalMs(), sharesBytes ? bytes : copyBytes(bytes));
    this.#blocked = other.inboxBytes >= other.windowBytes;
    return !this.#blocked;
  }

  close(refusal?: string): void {
    if (this.#end !== undefined) return;
    this.end("stopped", refusal ?? "closed by this side");
    const end: StreamEnd =
      refusal === undefined
        ? { fault: "closed", reason: "the other side ended the stream" }
        : readRefusal(refusal);
    if (this.#other !== undefined) this.#other.receive(this.#arrivalMs(), end);
  }

  /** Ends this side; nothing more is handed over but the end. */
  end(fault: NetworkFault, reason: string): void {
    if (this.#end !== undefined) return;
    this.#end = { fault, reason };
    this.#cancelDelivery?.();
    this.#first = undefined;
    this.#inboxBytes = 0;
    this.#settings.clock.after(0, this.#closed);
    if (this.#events !== undefined) this.#tellEnd();
  }

  /** Hands over what is due; never from within the call of somebody else. */
  pump(): void {
    const head = this.#first;
    this.#cancelDelivery?.();
    this.#cancelDelivery = undefined;
    if (head === undefined || this.#events === undefined) return;
    const { clock } = this.#own;
    const atMs = Math.max(head.dueMs, this.#readyAtMs);
    const delayMs = Math.max(0, atMs - clock.now().elapsedMs);
    this.#cancelDelivery = clock.after(delayMs, this.#deliverDue);
  }

  #arrivalMs(): number {
    const { clock, latencyMs } = this.#settings;
    const nowMs = clock.now().elapsedMs;
    if (nowMs !== this.#sentAtMs) {
      this.#sentAtMs = nowMs;
      this.#packetDueMs = nowMs + latencyMs(this.#own.address, this.remoteAddress);
    }
    return this.#packetDueMs;
  }

  get inboxBytes(): number {
    return this.#inboxBytes;
  }

  get windowBytes(): number {
    return this.#own.windowBytes;
  }

  receive(
    arrivalMs: number,
    content: Content,
    sentAtMs = this.#settings.clock.now().elapsedMs,
  ): void {
    if (this.#end !== undefined) return;
    if (content instanceof Uint8Array) this.#inboxBytes += content.length;
    const last = this.#first && this.#last;
    if (last?.sentAtMs === sentAtMs) {
      last.contents.push(content);
      return;
    }
    // A stream keeps its order, even if the delay has become shorter meanwhile.
    const dueMs = Math.max(arrivalMs, last?.dueMs ?? 0);
    const packet: Packet = { dueMs, sentAtMs, contents: [content], done: 0, next: undefined };
    this.#last = packet;
    if (last !== undefined) last.next = packet;
    else {
      this.#first = packet;
      this.pump();
    }
  }

  #deliver(): void {
    this.#cancelDelivery = undefined;
    const { route } = this.#settings;
    const { address, clock, readMs } = this.#own;
    if (route(this.remoteAddress, address) === "lose") return;
    const nowMs = clock.now().elapsedMs;
    while (this.#end === undefined) {
      const head = this.#first;
      if (head === undefined || Math.max(head.dueMs, this.#readyAtMs) > nowMs) break;
      const content = head.contents[head.done++];
      if (head.done === head.contents.length) this.#first = head.next;
      if (content instanceof Uint8Array) this.#handOver(content, head.sentAtMs);
      else if (content !== undefined) this.end(content.fault, content.reason);
      this.#readyAtMs = nowMs + readMs;
    }
    this.pump();
  }

  #handOver(bytes: Uint8Array, sentAtMs: number): void {
    this.#inboxBytes -= bytes.length;
    this.#settings.delivered(this.remoteAddress, this.#own.address, bytes, sentAtMs);
    this.#events?.message(bytes);
    this.#other?.drainSoon(this.#inboxBytes, this.#own.windowBytes);
  }

  drainSoon(inboxBytes: number, windowBytes: number): void {
    if (!this.#blocked || inboxBytes >= windowBytes / 2) return;
    this.#blocked = false;
    this.#own.clock.after(0, () => {
      if (this.#end === undefined) this.#events?.drain();
    });
  }

  #tellEnd(): void {
    const { fault, reason } = this.#end ?? { fault: "closed", reason: "" };
    this.#own.clock.after(0, () => this.#events?.closed(fault, reason));
  }
}
