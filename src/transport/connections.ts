/**
 * One live connection per peer, over links that come and go and may be dialled by both sides at
 * once. Spec A 6.4 to 6.7, with the shortcomings listed there avoided.
 */
import type { Outgoing } from "../core/types/effect.ts";
import type { Fault } from "../core/types/event.ts";
import type { PkiId } from "../core/types/host.ts";
import { type ConnectionView, createProvenLink, type ProvenLink } from "./connection.ts";
import {
  CONNECTION_LIMITS,
  CONNECTION_TIMEOUTS,
  type ConnectionFault,
  type ConnectionLimits,
  type Connections,
  type ConnectionsOptions,
  type ConnectionTimeouts,
  type Destination,
  IDLE,
  REDIAL_DELAY_MS,
} from "./connection-options.ts";
import { DialBackoff } from "./dial-backoff.ts";
import type { Handshake } from "./handshake.ts";
import { refusalWords } from "./handshake-fault.ts";
import { watchIdle } from "./idle-watch.ts";
import { InboundHandshakes } from "./inbound.ts";
import type { Cancel, Link, LinkEvents, NetworkFault } from "./network.ts";
import { Outbound } from "./outbound.ts";
import { OwnHandshakes } from "./own-handshakes.ts";
import { type Dial, Peer } from "./peer.ts";
import { Places } from "./places.ts";
import { type Keep, Probes } from "./probe.ts";
import { isRefusal, type Refused } from "./refusal.ts";

export type { Connections, Destination };

export function createConnections(options: ConnectionsOptions): Connections {
  return new ConnectionTable(options);
}

class ConnectionTable implements Connections {
  readonly #options: ConnectionsOptions;
  readonly #limits: ConnectionLimits;
  readonly #timeouts: ConnectionTimeouts;
  /** Those with a link or a dial, by the name they were meant or proven to have. */
  readonly #peers = new Map<PkiId, Peer>();
  readonly #inbound: InboundHandshakes;
  readonly #outbound: Outbound;
  readonly #places: Places;
  readonly #probes: Probes;
  readonly #dialBackoff = new DialBackoff();
  readonly #ownHandshakes: OwnHandshakes;
  #isClosed = false;
  #cancelIdleCheck: Cancel = () => {};

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#limits = { ...CONNECTION_LIMITS, ...options.limits };
    this.#timeouts = { ...CONNECTION_TIMEOUTS, ...options.timeouts };
    this.#ownHandshakes = new OwnHandshakes(options, this.#timeouts.connTimeoutMs);
    this.#outbound = new Outbound(options.network, options.clock);
    this.#places = new Places({
      peers: this.#peers,
      max: this.#limits.connectionsMax,
      leave: (pkiId, why) => this.disconnect(pkiId, why),
    });
    this.#probes = new Probes(options.network, this.#ownHandshakes, this.#timeouts.probeTimeoutMs);
    this.#inbound = new InboundHandshakes(this.#limits.handshakesMax, {
      accepted: (link, handshake) => this.#acceptAsAcceptor(link, handshake),
      failed: (...failure) => options.events.handshakeFailed(...failure),
    });
  }

  async listen(): Promise<void> {
    const { network, events, clock } = this.#options;
    const accept = (link: Link): void => {
      if (this.#isClosed) link.close(refusalWords("stopped"));
      else this.#inbound.accept(link, this.#ownHandshakes.options());
    };
    // Before the first wait: in virtual time, nothing depends on when promises have their turn.
    this.#cancelIdleCheck = watchIdle(clock, this.#timeouts.idleMs, this.#peers, this.#leave);
    try {
      await network.listen(accept, events.handshakeFailed);
    } catch (error) {
      this.#cancelIdleCheck();
      throw error;
    }
  }

  send({ pkiId, endpoint }: Destination, messages: readonly Outgoing[]): void {
    if (this.#isClosed) return;
    const known = this.#peers.get(pkiId);
    if (!known && this.#isPaused(pkiId, endpoint)) return;
    const peer = known ?? this.#addPeer(pkiId);
    if (endpoint !== "") peer.endpoint = endpoint;
    const dropped = peer.send(messages);
    if (dropped > 0) this.#later(() => this.#options.events.dropped(pkiId, dropped));
    if (!peer.isConnected && peer.dial === undefined) this.#dial(peer);
  }

  probe: Connections["probe"] = (endpoint, done) => this.#probes.start(endpoint, done);

  identify: Connections["identify"] = (endpoint, done) => {
    const keep: Keep = (link, handshake) => this.#keep(endpoint, link, handshake);
    return this.#probes.start(endpoint, done, this.#peers.size === 0 ? keep : undefined);
  };

  ping: Connections["ping"] = (...asked) => this.#outbound.ping(...asked);

  disconnect(pkiId: PkiId, why: Fault): void {
    const peer = this.#peers.get(pkiId);
    if (peer === undefined) return;
    const wasConnected = peer.isConnected;
    this.#forget(peer);
    peer.end();
    if (!wasConnected) return;
    this.#later(() => this.#options.events.disconnected(pkiId, { ...why, isWilled: true }));
  }

  list(): readonly ConnectionView[] {
    return [...this.#peers.values()].flatMap((peer) => peer.views());
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelIdleCheck();
    for (const part of [this.#inbound, this.#probes]) part.cancelAll();
    this.#outbound.close();
    for (const peer of this.#peers.values()) peer.end();
    this.#peers.clear();
  }

  #addPeer(pkiId: PkiId): Peer {
    const { clock, events, self } = this.#options;
    const peer = new Peer({
      pkiId,
      isDecider: self().pkiId < pkiId,
      clock,
      limits: this.#limits,
      timeouts: this.#timeouts,
      message: (bytes) => events.message(pkiId, bytes),
      lost: (connection, fault, reason) => this.#lose(peer, connection, fault, reason),
    });
    this.#peers.set(pkiId, peer);
    return peer;
  }

  #dial(peer: Peer): void {
    const { pkiId, endpoint } = peer;
    const dial: Dial = { cancel: () => {}, hasLink: false };
    peer.dial = dial;
    const fail = (fault: ConnectionFault, reason: string): void => this.#fail(peer, fault, reason);
    const failSoon = (fault: ConnectionFault): void => {
      dial.cancel = this.#later(() => fail(fault, ""));
    };
    if (pkiId === this.#options.self().pkiId) {
      failSoon("self");
    } else if (endpoint === "") {
      failSoon("no-endpoint");
    } else if (this.#peers.size > this.#limits.connectionsMax) {
      failSoon("connections-full");
    } else {
      dial.cancel = this.#outbound.dial(endpoint, () => this.#ownHandshakes.options(), {
        linked: () => {
          dial.hasLink = true;
        },
        failed: fail,
        accepted: (link, handshake) => this.#acceptAsDialler(peer, link, handshake),
      });
    }
  }

  /** We know who answered our dial; it need not be the one we meant. */
  #acceptAsDialler(peer: Peer, link: Link, handshake: Handshake): LinkEvents | undefined {
    const { self, identityOf, events, clock } = this.#options;
    const { pkiId, mspId, subject } = handshake.identity;
    const connection = createProvenLink(link, handshake, peer.endpoint, clock);
    peer.dial = undefined;
    if (pkiId === peer.pkiId) return this.#add(peer, connection);
    if (pkiId === self().pkiId || identityOf(peer.pkiId)?.mspId !== mspId) {
      link.close();
      if (this.#ownHandshakes.isTwin(handshake)) this.#options.events.twinSeen(peer.endpoint);
      const fault = pkiId === self().pkiId ? "self" : "wrong-peer";
      return void this.#fail(peer, fault, `${subject} of ${mspId}`);
    }
    // Its certificate was renewed: what waited for the old name is meant for the new one.
    const actual = this.#peers.get(pkiId) ?? this.#addPeer(pkiId);
    actual.inherit(peer);
    if (!peer.isConnected) this.#forget(peer);
    events.replaced(peer.pkiId, handshake.identity);
    return this.#add(actual, connection);
  }

  /** Whoever was asked for a name is a peer now, unless it is ourselves. */
  #keep(endpoint: string, link: Link, handshake: Handshake): LinkEvents | undefined {
    const { pkiId } = handshake.identity;
    if (this.#isClosed || pkiId === this.#options.self().pkiId) return undefined;
    const peer = this.#peers.get(pkiId) ?? this.#addPeer(pkiId);
    peer.endpoint ||= endpoint;
    return this.#add(peer, createProvenLink(link, handshake, endpoint, this.#options.clock));
  }

  #acceptAsAcceptor(link: Link, handshake: Handshake): LinkEvents | undefined {
    const { self, clock } = this.#options;
    const { probe, identity } = handshake;
    const isTwin = this.#ownHandshakes.isTwin(handshake);
    // Ours too: doctor and the verb `probe` ask in our name, and who is there may be ourselves.
    if (identity.pkiId === self().pkiId && (probe || !isTwin)) return void link.close();
    const sinceMs = clock.now().elapsedMs - this.#timeouts.idleMs / 2;
    if (probe) return void link.close(this.#places.refusalFor(identity, sinceMs));
    if (isTwin) this.#options.events.twinSeen(link.remoteAddress);
    if (isTwin) return this.#refuse(link, "same-identity");
    const known = this.#peers.get(identity.pkiId);
    if (known === undefined && !this.#places.find(identity, sinceMs))
      return this.#refuse(link, "connections-full");
    this.#dialBackoff.forget(identity.certificate);
    const peer = known ?? this.#addPeer(identity.pkiId);
    return this.#add(peer, createProvenLink(link, handshake, undefined, clock));
  }

  #refuse(link: Link, fault: "same-identity" | "connections-full"): undefined {
    link.close(refusalWords(fault));
    this.#options.events.handshakeFailed(fault, link.remoteAddress, "");
  }

  #add(peer: Peer, connection: ProvenLink): LinkEvents {
    const isFirst = !peer.isConnected;
    const { handshake } = connection;
    this.#places.take(peer, handshake.identity);
    const linkEvents = peer.add(connection);
    if (isFirst) {
      this.#options.events.connected(handshake.identity, peer.view(connection), handshake);
    }
    peer.pump();
    return linkEvents;
  }

  /** The last link to a peer has broken. */
  #lose(peer: Peer, lost: ProvenLink, fault: NetworkFault, reason: string): void {
    const { events, clock } = this.#options;
    const { pkiId, endpoint } = peer;
    const { elapsedMs } = clock.now();
    const isYoung = elapsedMs - lost.openedMs < this.#timeouts.simultaneousMs;
    const isSilent = lost.link.outbound && lost.messagesReceived === 0;
    const refusal = isRefusal(fault) ? { fault, reason } : undefined;
    this.#dialBackoff.noteEnd(this.#nameOf(pkiId), isYoung && isSilent, elapsedMs, refusal);
    // The other side closes idle connections too, perhaps a little earlier than we do.
    const isIdle = elapsedMs - lost.activeMs > this.#timeouts.idleMs / 2;
    const hasMessages = peer.queue.size > 0;
    const mayRedial = hasMessages && isYoung && !peer.hasRedialled && endpoint !== "";
    if (peer.dial === undefined && refusal) {
      this.#forget(peer);
      this.#tellRefused(pkiId, endpoint, refusal, false);
    } else if (peer.dial === undefined && mayRedial) this.#redial(peer);
    else if (peer.dial === undefined) {
      this.#forget(peer);
      if (hasMessages) this.#later(() => events.sendFailed(pkiId, endpoint, fault, reason));
    }
    const end = { code: fault, detail: reason, isWilled: fault === "stopped" };
    events.disconnected(pkiId, isIdle ? IDLE : end);
  }

  /** It is not dialled again yet; if it had refused us, that is told once more. */
  #isPaused(pkiId: PkiId, endpoint: string): boolean {
    const now = this.#options.clock.now();
    const pause = this.#dialBackoff.find([this.#nameOf(pkiId), endpoint], now.elapsedMs);
    if (pause?.end) this.#tellRefused(pkiId, endpoint, pause.end, true);
    return pause !== undefined;
  }

  /** It keeps its certificate when its PKI-ID changes. */
  #nameOf(pkiId: PkiId): string {
    return this.#options.identityOf(pkiId)?.certificate ?? pkiId;
  }

  #tellRefused(...[pkiId, endpoint, end, isRepeated]: [PkiId, string, Refused, boolean]): void {
    this.#later(() => this.#options.events.refused(pkiId, endpoint, end, isRepeated));
  }

  /** Closes what nobody uses, and looks again after a while. */
  readonly #leave = (peer: Peer): void => {
    this.#forget(peer);
    peer.end();
    this.#options.events.disconnected(peer.pkiId, IDLE);
  };

  /**
   * A peer that has dialled at the same time may have closed one link in favour of another that we
   * have closed as well (spec A 6.5). We wait a little, by lot, lest we collide again.
   */
  #redial(peer: Peer): void {
    peer.hasRedialled = true;
    const delayMs = REDIAL_DELAY_MS + this.#options.random.below(REDIAL_DELAY_MS);
    const cancel = this.#options.clock.after(delayMs, () => this.#dial(peer));
    peer.dial = { cancel, hasLink: false };
  }

  /** A dial failed. If the peer has connected to us meanwhile, nothing is lost. */
  #fail(peer: Peer, fault: ConnectionFault, reason: string): void {
    peer.dial = undefined;
    if (peer.isConnected) return;
    const { elapsedMs } = this.#options.clock.now();
    this.#dialBackoff.noteFault(this.#nameOf(peer.pkiId), peer.endpoint, fault, elapsedMs);
    this.#forget(peer);
    this.#options.events.sendFailed(peer.pkiId, peer.endpoint, fault, reason);
  }

  #forget(peer: Peer): void {
    if (this.#peers.get(peer.pkiId) !== peer) return;
    this.#peers.delete(peer.pkiId);
    this.#places.release(peer);
  }

  /** Never from within the call that causes it. */
  #later(callback: () => void): Cancel {
    return this.#options.clock.after(0, () => {
      if (!this.#isClosed) callback();
    });
  }
}
