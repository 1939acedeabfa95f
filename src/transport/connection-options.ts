import type { Outgoing } from "../core/types/effect.ts";
import type { Fault } from "../core/types/event.ts";
import type { Crypto, Identity, PkiId, Random, Signer } from "../core/types/host.ts";
import type { ConnectionView } from "./connection.ts";
import type { Handshake } from "./handshake.ts";
import type { HandshakeFault } from "./handshake-fault.ts";
import type { Cancel, ClientTlsFault, Clock, Network, NetworkFault } from "./network.ts";
import type { ProbeDone } from "./probe.ts";
import type { Refused } from "./refusal.ts";

/** Why a connection to a peer failed or ended. */
export type ConnectionFault =
  | NetworkFault
  | HandshakeFault
  /** Where somebody else should be, we reached ourselves. */
  | "self"
  /** Another process that has our key dialled us. */
  | "same-identity"
  /** Another identity answered than the one we meant, and not one of its organisation. */
  | "wrong-peer"
  /** The peer is not connected, and nobody knows where to dial it. */
  | "no-endpoint"
  /** As many connections, or inbound handshakes, as are allowed. */
  | "connections-full"
  | "handshakes-full";

export interface Disconnection extends Fault {
  /** Whether it ended by the will of either side: by `disconnect`, or as nobody had used it for long. */
  readonly isWilled: boolean;
}

/** Nobody had used it for long. */
export const IDLE: Disconnection = { code: "idle", detail: "", isWilled: true };

export interface ConnectionEvents {
  /** The first link to a peer. Further links to it are no news. */
  connected(identity: Identity, view: ConnectionView, handshake: Handshake): void;
  /** One encoded Envelope; a view: copy what is kept. */
  message(pkiId: PkiId, bytes: Uint8Array): void;
  /** The last link to the peer is gone, and why. */
  disconnected(pkiId: PkiId, end: Disconnection): void;
  /** What waited for the peer is lost: no connection could be had, or it broke. */
  sendFailed(pkiId: PkiId, endpoint: string, fault: ConnectionFault, reason: string): void;
  /**
   * The peer ended a connection that we had dialled and said why. `isRepeated`: it did so a while ago,
   * and is not dialled again yet.
   */
  refused(pkiId: PkiId, endpoint: string, end: Refused, isRepeated: boolean): void;
  /** Where we expected `old`, another identity of the same organisation answered. */
  replaced(old: PkiId, identity: Identity): void;
  /** Another process has shown that it has our key: at this address, or at the endpoint we dialled. */
  twinSeen(place: string): void;
  /** Somebody dialled us and was not accepted. */
  handshakeFailed(
    fault: ConnectionFault | ClientTlsFault,
    remoteAddress: string,
    reason: string,
  ): void;
  /** Messages to the peer were dropped because too many waited (`gossip_comm_overflow_count`). */
  dropped(pkiId: PkiId, messages: number): void;
}

export interface SendQueueLimits {
  /** Messages that wait for one peer; default 200 (Fabric: `peer.gossip.sendBuffSize`). */
  readonly queuedMessagesMax: number;
  /** Their bytes; default 16_777_216. A single message may be longer if nothing else waits. */
  readonly queuedBytesMax: number;
}

export interface ConnectionLimits extends SendQueueLimits {
  /** Peers with a connection, or being dialled; default 1_000. */
  readonly connectionsMax: number;
  /** Inbound links whose handshake is not complete; default 100. The oldest makes room. */
  readonly handshakesMax: number;
}

/** All in milliseconds. */
export interface ConnectionTimeouts {
  /** The handshake of a connection that shall stay; default 2_000 (Fabric: `connTimeout`). */
  readonly connTimeoutMs: number;
  /** A probe from dial to answer; default 10_000 (Fabric: hard-coded). */
  readonly probeTimeoutMs: number;
  /** Links closer together than this were dialled at once; default 5_000. */
  readonly simultaneousMs: number;
  /** How long a superseded link is still read, if we are the one to decide; default 1_000. */
  readonly lingerMs: number;
  /** The same if the other side is to decide, and evidently does not; default 10_000. */
  readonly lingerAsFollowerMs: number;
  /** A connection that is not used for so long is closed; default 30_000 (Fabric: never). */
  readonly idleMs: number;
}

export interface ConnectionsOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly signer: Signer;
  readonly self: () => Identity;
  /** What a peer has proven to be; undefined if we do not know it. */
  readonly identityOf: (pkiId: PkiId) => Pick<Identity, "mspId" | "certificate"> | undefined;
  readonly events: ConnectionEvents;
  readonly limits?: Partial<ConnectionLimits>;
  readonly timeouts?: Partial<ConnectionTimeouts>;
}

/** A peer, and where to dial it if need be; an empty endpoint = not known. */
export interface Destination {
  readonly pkiId: PkiId;
  readonly endpoint: string;
}

export interface Connections {
  /** Starts accepting. Rejects with a GossipError if the network cannot listen. */
  listen(): Promise<void>;
  /** Sends on the connection to the peer, else dials it; the messages wait meanwhile. */
  send(to: Destination, messages: readonly Outgoing[]): void;
  /** Who listens there? Not kept as a connection by either side. */
  probe(endpoint: string, done: ProbeDone): Cancel;
  /**
   * Who listens there? If we are connected to nobody, the answer leaves us with a connection: whoever
   * joins wants one next. Else it is a probe, which closes no connection of ours at the other side.
   */
  identify(endpoint: string, done: ProbeDone): Cancel;
  /**
   * Does anybody listen there? While we are busy it waits for other pings; `done` is not called if
   * `isNeeded` denies it before it begins.
   */
  ping(
    endpoint: string,
    done: (fault: NetworkFault | undefined, reason: string) => void,
    isNeeded?: () => boolean,
  ): Cancel;
  /** Ends every link to the peer, forgets what waits for it; `disconnected` follows if it was. */
  disconnect(pkiId: PkiId, why: Fault): void;
  list(): readonly ConnectionView[];
  /** Ends everything; no event follows. The network is its owner's to close. */
  close(): void;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  queuedMessagesMax: 200,
  queuedBytesMax: 16_777_216,
  connectionsMax: 1_000,
  handshakesMax: 100,
};

export const CONNECTION_TIMEOUTS: ConnectionTimeouts = {
  connTimeoutMs: 2_000,
  probeTimeoutMs: 10_000,
  simultaneousMs: 5_000,
  lingerMs: 1_000,
  lingerAsFollowerMs: 10_000,
  idleMs: 30_000,
};

/** A lost link is dialled again once after this long, plus up to as much again by lot. */
export const REDIAL_DELAY_MS = 50;
