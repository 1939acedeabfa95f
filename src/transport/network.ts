/**
 * The network below the handshake: links that carry whole messages between two processes whose
 * identities are not known yet. `grpc.ts` is the real one (gRPC over mutual TLS), `memory.ts` the
 * one for tests and simulation; both pass the same suite. Callbacks instead of promises, so that a
 * simulator can run it step by step in virtual time. No callback is called before the function that
 * takes it has returned.
 */

import type { StatusFault } from "./grpc-status.ts";
import type { RefusalFault } from "./refusal.ts";
import type { TlsFault, TlsRefusal } from "./tls-fault.ts";

/** Why a dial, a ping or a link failed. Counted by this code. */
export type NetworkFault =
  | RefusalFault
  | StatusFault
  /** Nothing listens there, or the host cannot be reached. */
  | "unreachable"
  /** No name server knows an address of the host. */
  | "name-unresolved"
  /** An address that is not dialled on a member's word (`fabricGossip.dialDeny`). */
  | "denied"
  /** TCP, TLS, HTTP/2 or a unary Ping did not finish in time. */
  | "timeout"
  | TlsFault
  /** We speak plain TCP, and the port speaks TLS. */
  | "tls-expected"
  /** The other side does not speak gossip over gRPC, or broke its rules. */
  | "protocol"
  /** A message above the limit. */
  | "message-too-large"
  /** The stream broke or the other side closed it. */
  | "closed"
  /** We are shutting down, or closed it ourselves. */
  | "stopped";

/** How a stream ended, for {@link LinkEvents.closed}. */
export interface StreamEnd {
  readonly fault: NetworkFault;
  readonly reason: string;
}

export interface LinkEvents {
  /** One whole message (an encoded Envelope). The bytes are a view: copy what is kept. */
  message(bytes: Uint8Array): void;
  /** Called after `send` returned false, when there is room again. */
  drain(): void;
  /** The link is gone; nothing follows. `reason` is for people. Exactly once, also after `close()`. */
  closed(fault: NetworkFault, reason: string): void;
}

/**
 * One gossip stream. Full duplex; messages arrive in order. Nothing is read before `start`.
 * The first message may be at most 256 KiB long: it is the handshake of a stranger.
 */
export interface Link {
  /** True if this side dialled. */
  readonly outbound: boolean;
  /** `host:port` of the socket, for people; not a gossip endpoint. */
  readonly remoteAddress: string;
  /** SHA-256 of our own leaf certificate in this TLS session; empty without TLS. */
  readonly localCertHash: Uint8Array;
  /** SHA-256 of the other side's leaf certificate; undefined if it showed none; empty without TLS. */
  readonly remoteCertHash: Uint8Array | undefined;
  /** The other side has proven who it is: its socket is not given up for a newcomer's any more. */
  admit(): void;
  /**
   * Starts delivery; what arrived before is kept (bounded by flow control). Called again, it hands the
   * link over: everything from then on goes to these events.
   */
  start(events: LinkEvents): void;
  /** Queues a copy. False: wait for `drain` before the next one. Ignored after close. */
  send(bytes: Uint8Array): boolean;
  /**
   * Ends the stream and, on the dialling side, its whole connection; from now on only `closed` is
   * called. An acceptor that ends a stream
   * because of the other side's mistake passes `refusal`, which the other side sees as gRPC status.
   */
  close(refusal?: string): void;
}

export interface DialEvents {
  opened(link: Link): void;
  failed(fault: NetworkFault, reason: string): void;
}

/** Why TLS with an incoming connection failed. */
export type ClientTlsFault =
  /** It showed no certificate. */
  | "no-tls-certificate"
  /** We do not accept its certificate. */
  | "tls-client-refused"
  /** It does not accept our server certificate. */
  | "tls-client-refuses-us"
  /** The same, and it says why. */
  | TlsRefusal;

/** Somebody dialled us, and TLS ended before there was a link. `reason` is for people. */
export type Refuse = (fault: ClientTlsFault, address: string, reason: string) => void;

/** Cancels what it was returned for; harmless afterwards. */
export type Cancel = () => void;

export interface Network {
  /** Starts accepting. Resolves when the port is bound; rejects with a GossipError if it cannot. */
  listen(accepted: (link: Link) => void, refused?: Refuse): Promise<void>;
  /**
   * Connects and opens a stream. Exactly one of the two events follows, unless cancelled. Who is there
   * need not speak gossip: that shows in how the link ends.
   */
  dial(endpoint: string, events: DialEvents): Cancel;
  /** Connects, pings, closes: is somebody there? No handshake. */
  ping(endpoint: string, done: (fault: NetworkFault | undefined, reason: string) => void): Cancel;
  /** Closes every link and stops accepting. Resolves when the port is free. */
  close(): Promise<void>;
}

/** Timers as a parameter, so that tests and simulations decide what time it is. */
export interface Clock {
  now(): import("../core/types/host.ts").Now;
  /** Calls back once after the delay (milliseconds, at most 2^31-1), unless cancelled. */
  after(delayMs: number, callback: () => void): Cancel;
  /** Calls back in turn with others that have work that can wait; default: as `after(0)`. */
  inTurn?(callback: () => void): Cancel;
  /** How long our event loop has been at work so far, in milliseconds; default: never. */
  busyMs?(): number;
}
