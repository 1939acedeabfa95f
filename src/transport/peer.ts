import type { Outgoing } from "../core/types/effect.ts";
import type { Identity, PkiId } from "../core/types/host.ts";
import {
  type ConnectionView,
  isNewerPreferred,
  type ProvenLink,
  viewConnection,
} from "./connection.ts";
import type {
  ConnectionLimits,
  ConnectionTimeouts,
  SendQueueLimits,
} from "./connection-options.ts";
import type { Cancel, Clock, LinkEvents, NetworkFault } from "./network.ts";

/** Links to one peer at any time: more are a mistake of the other side. */
const LINKS_PER_PEER_MAX = 3;

interface PeerOptions {
  readonly pkiId: PkiId;
  /** Whether of the two of us the other has the higher PKI-ID: then we decide which link stays. */
  readonly isDecider: boolean;
  readonly clock: Clock;
  readonly limits: ConnectionLimits;
  readonly timeouts: ConnectionTimeouts;
  readonly message: (bytes: Uint8Array) => void;
  /** The last link broke. Not called after {@link Peer.end}. */
  readonly lost: (connection: ProvenLink, fault: NetworkFault, reason: string) => void;
}

/** A dial under way, or about to be repeated. */
export interface Dial {
  cancel: Cancel;
  /** Before there is a link the other side cannot have taken it for a connection. */
  hasLink: boolean;
}

/**
 * The links to one peer and what waits to be sent to it. Messages wait per peer, not per link, so
 * that they survive the change from one link to another.
 */
export class Peer {
  readonly pkiId: PkiId;
  /** What was last given as its endpoint; empty if nobody knows. */
  endpoint = "";
  /** What it has proven to be; undefined until it is connected. */
  identity: Identity | undefined;
  dial: Dial | undefined;
  /** A link that broke young was dialled again: not a second time. */
  hasRedialled = false;
  readonly queue: SendQueue;
  readonly #options: PeerOptions;
  /** Newest last. */
  readonly #links: ProvenLink[] = [];
  /** The link that is sent on; there is one whenever there are links. */
  #preferred: ProvenLink | undefined;
  #dropped = 0;

  constructor(options: PeerOptions) {
    this.pkiId = options.pkiId;
    this.queue = createSendQueue(options.limits);
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#preferred !== undefined;
  }

  /** When a message was last sent or received; undefined without a link. */
  get activeMs(): number | undefined {
    if (!this.isConnected) return undefined;
    return Math.max(...this.#links.map(({ activeMs }) => activeMs));
  }

  views(): readonly ConnectionView[] {
    return this.#links.map((connection) => this.view(connection));
  }

  view(connection: ProvenLink): ConnectionView {
    const isPreferred = this.#preferred === connection;
    return viewConnection(connection, {
      isPreferred,
      queued: this.queue.size,
      dropped: this.#dropped,
    });
  }

  /** Queues the messages, and sends what can be sent. Returns how many found no room. */
  send(messages: readonly Outgoing[]): number {
    let dropped = 0;
    for (const message of messages) {
      const preferred = this.#preferred;
      if (this.queue.size === 0 && preferred?.isWritable) this.#sendOn(preferred, message);
      else if (!this.queue.push(message)) dropped += 1;
    }
    this.#dropped += dropped;
    if (this.queue.size > 0) this.pump();
    return dropped;
  }

  /** What waited for another name of the same peer. */
  inherit(former: Peer): void {
    this.endpoint = former.endpoint;
    for (let next = former.queue.shift(); next !== undefined; next = former.queue.shift()) {
      if (next.isPersonal !== true) this.queue.push(next);
    }
  }

  pump(): void {
    const preferred = this.#preferred;
    while (preferred?.isWritable && this.#preferred === preferred) {
      const message = this.queue.shift();
      if (message === undefined) return;
      if (message.isAllowed?.() === false) continue;
      this.#sendOn(preferred, message);
    }
  }

  #sendOn(connection: ProvenLink, message: Outgoing): void {
    connection.activeMs = this.#options.clock.now().elapsedMs;
    connection.messagesSent += 1;
    connection.bytesSent += message.bytes.length;
    connection.isWritable = connection.link.send(message.bytes);
    if (!connection.isWritable) connection.held = message;
  }

  /** Make before break: from now on the new link is sent on, or it is not; both are read. */
  add(connection: ProvenLink): LinkEvents {
    const preferred = this.#preferred;
    this.#links.push(connection);
    // The link we have makes a dial needless. Once that has a link, it may be the one that stays.
    if (this.dial?.hasLink === false) {
      this.dial.cancel();
      this.dial = undefined;
    }
    if (preferred === undefined) this.#preferred = connection;
    else this.#choose(preferred, connection);
    return this.#linkEvents(connection);
  }

  /** Closes every link and cancels a dial. */
  end(): void {
    this.dial?.cancel();
    this.dial = undefined;
    for (const connection of [...this.#links]) this.#close(connection);
  }

  #choose(older: ProvenLink, newer: ProvenLink): void {
    const { isDecider, timeouts } = this.#options;
    const rules = { selfIsLower: isDecider, simultaneousMs: timeouts.simultaneousMs };
    const isNewer = isNewerPreferred(older, newer, rules);
    this.#preferred = isNewer ? newer : older;
    this.#retire(isNewer ? older : newer);
    const oldest = this.#links.find((connection) => connection !== this.#preferred);
    if (this.#links.length > LINKS_PER_PEER_MAX && oldest !== undefined) this.#close(oldest);
  }

  /** Closes a superseded link after a while, unless by then it is the one we need. */
  #retire(connection: ProvenLink): void {
    const { isDecider, clock, timeouts } = this.#options;
    const delayMs = isDecider ? timeouts.lingerMs : timeouts.lingerAsFollowerMs;
    connection.cancelRetirement();
    connection.cancelRetirement = clock.after(delayMs, () => {
      if (this.#preferred !== connection) this.#close(connection);
    });
  }

  #close(connection: ProvenLink): void {
    this.#detach(connection);
    connection.link.close();
    this.pump();
  }

  #detach(connection: ProvenLink): void {
    connection.isDetached = true;
    connection.cancelRetirement();
    const index = this.#links.indexOf(connection);
    if (index >= 0) this.#links.splice(index, 1);
    if (this.#preferred === connection) this.#preferred = this.#links.at(-1);
    if (connection.held !== undefined) this.queue.unshift(connection.held);
  }

  #linkEvents(connection: ProvenLink): LinkEvents {
    return {
      message: (bytes) => {
        connection.activeMs = this.#options.clock.now().elapsedMs;
        connection.messagesReceived += 1;
        connection.bytesReceived += bytes.length;
        this.#options.message(bytes);
      },
      drain: () => {
        connection.isWritable = true;
        connection.held = undefined;
        this.pump();
      },
      closed: (fault, reason) => {
        if (connection.isDetached) return;
        this.#detach(connection);
        if (this.isConnected) this.pump();
        else this.#options.lost(connection, fault, reason);
      },
    };
  }
}

export interface SendQueue {
  /**
   * Adds the message at the end, or in the place of one with the same `replaces` key. False: the
   * queue is full, and the message is dropped as Fabric drops it: the newest goes.
   */
  push(message: Outgoing): boolean;
  /** Puts back a message that was taken but perhaps not sent. */
  unshift(message: Outgoing): void;
  shift(): Outgoing | undefined;
  readonly size: number;
}

/** Messages for one peer that wait for a connection, or for room on it. First in, first out. */
export function createSendQueue(limits: SendQueueLimits): SendQueue {
  return new MessageQueue(limits);
}

class MessageQueue implements SendQueue {
  readonly #limits: SendQueueLimits;
  readonly #messages: Outgoing[] = [];
  #bytes = 0;

  constructor(limits: SendQueueLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#messages.length;
  }

  push(message: Outgoing): boolean {
    const { queuedBytesMax, queuedMessagesMax } = this.#limits;
    const messages = this.#messages;
    const index = this.#indexOf(message.replaces);
    const old = messages[index];
    const newBytes = this.#bytes - (old?.bytes.length ?? 0) + message.bytes.length;
    const others = messages.length - (old === undefined ? 0 : 1);
    const isFull = others >= queuedMessagesMax || newBytes > queuedBytesMax;
    if (isFull && others > 0) return false;
    if (old === undefined) messages.push(message);
    else messages[index] = message;
    this.#bytes = newBytes;
    return true;
  }

  unshift(message: Outgoing): void {
    // A newer one that came meanwhile makes it superfluous.
    if (this.#indexOf(message.replaces) >= 0) return;
    this.#messages.unshift(message);
    this.#bytes += message.bytes.length;
  }

  shift(): Outgoing | undefined {
    const message = this.#messages.shift();
    this.#bytes -= message?.bytes.length ?? 0;
    return message;
  }

  #indexOf(key: string | undefined): number {
    return key === undefined ? -1 : this.#messages.findIndex(({ replaces }) => replaces === key);
  }
}
