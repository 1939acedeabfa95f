import type { MemoryHubOptions } from "./memory.ts";
import type { Cancel, Link, LinkEvents, NetworkFault } from "./network.ts";

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

export interface PipeFacts {
  readonly dialler: string;
  readonly acceptor: string;
  readonly diallerHash: Uint8Array | undefined;
  readonly acceptorHash: Uint8Array | undefined;
  /** Called once both ends have been told of the end. */
  closed(): void;
}

type Settings = Required<MemoryHubOptions>;
type Parcel =
  | { readonly dueMs: number; readonly bytes: Uint8Array }
  | { readonly dueMs: number; readonly reason: string };

export function openMemoryLinks(
  settings: Settings,
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
  readonly #settings: Settings;
  #openEnds = 2;
  #cancelSilence: Cancel = () => {};

  constructor(settings: Settings, facts: PipeFacts) {
    const { dialler, acceptor, diallerHash, acceptorHash } = facts;
    const closed = (): void => {
      this.#openEnds -= 1;
      if (this.#openEnds > 0) return;
      this.#cancelSilence();
      facts.closed();
    };
    this.dialler = dialler;
    this.acceptor = acceptor;
    this.#settings = settings;
    this.outbound = new MemoryLink(settings, closed, {
      outbound: true,
      address: dialler,
      remoteAddress: acceptor,
      localCertHash: diallerHash,
      remoteCertHash: acceptorHash,
    });
    this.inbound = new MemoryLink(settings, closed, {
      outbound: false,
      address: acceptor,
      remoteAddress: dialler,
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

interface EndFacts {
  readonly outbound: boolean;
  readonly address: string;
  readonly remoteAddress: string;
  readonly localCertHash: Uint8Array | undefined;
  readonly remoteCertHash: Uint8Array | undefined;
}

/** One end: what was sent to it and has not been handed over waits in its inbox, in order. */
class MemoryLink implements Link {
  readonly outbound: boolean;
  readonly remoteAddress: string;
  readonly localCertHash: Uint8Array;
  readonly remoteCertHash: Uint8Array | undefined;
  readonly #settings: Settings;
  readonly #address: string;
  readonly #closed: () => void;
  #other: MemoryLink | undefined;
  #events: LinkEvents | undefined;
  #inbox: Parcel[] = [];
  #inboxBytes = 0;
  #cancelDelivery: Cancel = () => {};
  /** `send` returned false, and `drain` has not been called since. */
  #blocked = false;
  #end: { readonly fault: NetworkFault; readonly reason: string } | undefined;

  constructor(settings: Settings, closed: () => void, facts: EndFacts) {
    this.#settings = settings;
    this.#closed = closed;
    this.#address = facts.address;
    this.outbound = facts.outbound;
    this.remoteAddress = facts.remoteAddress;
    this.localCertHash = facts.localCertHash ?? new Uint8Array(0);
    this.remoteCertHash = facts.remoteCertHash;
  }

  join(other: MemoryLink): void {
    this.#other = other;
  }

  start(events: LinkEvents): void {
    this.#events = events;
    if (this.#end === undefined) this.pump();
    else this.#tellEnd();
  }

  send(bytes: Uint8Array): boolean {
    const other = this.#other;
    if (this.#end !== undefined || other === undefined) return false;
    const { messageBytesMax, windowBytes } = this.#settings;
    if (bytes.length > messageBytesMax) {
      const reason = `a message of ${bytes.length} bytes is above the limit of ${messageBytesMax}`;
      this.end("message-too-large", reason);
      other.#receive({ dueMs: this.#arrivalMs(), reason });
      return false;
    }
    other.#receive({ dueMs: this.#arrivalMs(), bytes: Uint8Array.from(bytes) });
    this.#blocked = other.#inboxBytes >= windowBytes;
    return !this.#blocked;
  }

  close(refusal?: string): void {
    if (this.#end !== undefined) return;
    this.end("stopped", refusal ?? "closed by this side");
    const reason = refusal ?? "the other side ended the stream";
    if (this.#other !== undefined) this.#other.#receive({ dueMs: this.#arrivalMs(), reason });
  }

  /** Ends this side; nothing more is handed over but the end. */
  end(fault: NetworkFault, reason: string): void {
    if (this.#end !== undefined) return;
    this.#end = { fault, reason };
    this.#cancelDelivery();
    this.#inbox = [];
    this.#inboxBytes = 0;
    this.#settings.clock.after(0, this.#closed);
    if (this.#events !== undefined) this.#tellEnd();
  }

  /** Hands over what is due; never from within the call of somebody else. */
  pump(): void {
    const head = this.#inbox[0];
    this.#cancelDelivery();
    if (head === undefined || this.#events === undefined) return;
    const { clock } = this.#settings;
    const delayMs = Math.max(0, head.dueMs - clock.now().elapsedMs);
    this.#cancelDelivery = clock.after(delayMs, () => this.#deliver());
  }

  #arrivalMs(): number {
    const { clock, latencyMs } = this.#settings;
    return clock.now().elapsedMs + latencyMs(this.#address, this.remoteAddress);
  }

  #receive(parcel: Parcel): void {
    if (this.#end !== undefined) return;
    // A stream keeps its order, even if the delay has become shorter meanwhile.
    const dueMs = Math.max(parcel.dueMs, this.#inbox.at(-1)?.dueMs ?? 0);
    this.#inbox.push({ ...parcel, dueMs });
    if ("bytes" in parcel) this.#inboxBytes += parcel.bytes.length;
    if (this.#inbox.length === 1) this.pump();
  }

  #deliver(): void {
    const { clock, route } = this.#settings;
    if (route(this.remoteAddress, this.#address) === "lose") return;
    while (this.#end === undefined) {
      const head = this.#inbox[0];
      if (head === undefined || head.dueMs > clock.now().elapsedMs) break;
      this.#inbox.shift();
      if ("bytes" in head) {
        this.#inboxBytes -= head.bytes.length;
        this.#events?.message(head.bytes);
        if (this.#other !== undefined) this.#other.#drainSoon(this.#inboxBytes);
      } else {
        this.end("closed", head.reason);
      }
    }
    this.pump();
  }

  #drainSoon(inboxBytes: number): void {
    if (!this.#blocked || inboxBytes >= this.#settings.windowBytes / 2) return;
    this.#blocked = false;
    this.#settings.clock.after(0, () => {
      if (this.#end === undefined) this.#events?.drain();
    });
  }

  #tellEnd(): void {
    const { fault, reason } = this.#end ?? { fault: "closed", reason: "" };
    this.#settings.clock.after(0, () => this.#events?.closed(fault, reason));
  }
}
