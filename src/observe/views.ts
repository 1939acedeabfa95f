/**
 * What the outside sees, as a program wants it: bytes, whole numbers of 64 bits and dates. Over HTTP
 * the same values travel as text (`json.ts`).
 */

import type { LearntFrom } from "../core/types/event.ts";

/** A member of the network, ourselves included. */
export interface Member {
  /** Its name: SHA-256 over MSP id and certificate, 64 lower-case hex digits (Fabric: `PKI-ID`). */
  readonly pkiId: string;
  /** The organisation; null while the identity is unknown. */
  readonly mspId: string | null;
  /** `host:port` for other organisations; may be empty. */
  readonly endpoint: string;
  /** `host:port` within its organisation; null for members of others. */
  readonly internalEndpoint: string | null;
  /** What it publishes beside its tags; at most 4 KiB. A copy. */
  readonly metadata: Uint8Array;
  /** What it publishes by name; empty for members of another kind, such as Fabric peers. */
  readonly tags: Readonly<Record<string, string>>;
  /** `alive`: heard of within `aliveExpirationTimeout`, and reachable as far as we know. */
  readonly status: "alive" | "dead";
  /** Start of the member's process in nanoseconds since the epoch; 64 bits. */
  readonly incarnation: bigint;
  /** Counts its alive messages; 64 bits. */
  readonly sequence: bigint;
  /** When its newest alive message reached us. */
  readonly lastSeen: Date;
  /** When the present status began. */
  readonly since: Date;
  /** When its certificate ends; null while the identity is unknown. */
  readonly identityExpires: Date | null;
  /** Whether this is the node itself. */
  readonly self: boolean;
}

/** A certificate that we know and accept. */
export interface Identity {
  /** 64 lower-case hex digits. */
  readonly pkiId: string;
  /** The organisation whose MSP vouches for it. */
  readonly mspId: string;
  /** Its owner as RFC 4514 writes it: `CN=peer0.org1.example.com,OU=peer,...`. */
  readonly subject: string;
  /** Serial number, lower-case hex. */
  readonly serial: string;
  /** As in Fabric, it is accepted before, too. */
  readonly notBefore: Date;
  /** From then on it is refused and forgotten. */
  readonly notAfter: Date;
  /** How it became known. */
  readonly learntFrom: LearntFrom;
  /** Last use; unused ones are forgotten after `identityUsage`. */
  readonly lastUsed: Date;
  /** Whether it is our own. */
  readonly self: boolean;
}

/** An authenticated gossip connection. */
export interface Connection {
  /** The other side, proven by its handshake: 64 lower-case hex digits. */
  readonly pkiId: string;
  /** Its organisation. */
  readonly mspId: string;
  /** The endpoint we dialled, or the address of the socket that came in. */
  readonly endpoint: string;
  /** Whether we dialled. */
  readonly outbound: boolean;
  /** When its handshake succeeded. */
  readonly openedAt: Date;
  /** Whether we send on it; false only for a second link that is about to go. */
  readonly isPreferred: boolean;
  /** Gossip messages received since it was opened, without the handshake. */
  readonly messagesReceived: number;
  /** Messages written to it. */
  readonly messagesSent: number;
  /** Encoded bytes of the messages received. */
  readonly bytesReceived: number;
  /** Encoded bytes of the messages sent. */
  readonly bytesSent: number;
  /** Messages waiting to be written. */
  readonly queued: number;
  /** Messages dropped since the peer is connected because too many waited. */
  readonly dropped: number;
}

/** A certificate in an event. */
export type IdentitySummary = Omit<Identity, "learntFrom" | "lastUsed">;
