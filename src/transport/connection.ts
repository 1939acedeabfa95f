import type { Outgoing } from "../core/types/effect.ts";
import type { Identity, PkiId } from "../core/types/host.ts";
import type { Handshake } from "./handshake.ts";
import type { Cancel, Clock, Link } from "./network.ts";

/** One link whose other end is known. Several may lead to the same peer for a moment. */
export interface ProvenLink {
  readonly link: Link;
  readonly handshake: Handshake;
  /** What we dialled; undefined if we were dialled. */
  readonly dialled: string | undefined;
  readonly openedMs: number;
  readonly openedWallMs: number;
  /** False while the link wants us to wait for `drain`. */
  isWritable: boolean;
  /** The message after which the link wanted us to wait: not sent, if it now breaks. */
  held: Outgoing | undefined;
  /** Set once it no longer counts: whatever its link still says is not heard. */
  isDetached: boolean;
  cancelRetirement: Cancel;
  /** Elapsed time at which a message was last sent or received. */
  activeMs: number;
  messagesReceived: number;
  messagesSent: number;
  bytesReceived: number;
  bytesSent: number;
}

export function createProvenLink(
  link: Link,
  handshake: Handshake,
  dialled: string | undefined,
  clock: Clock,
): ProvenLink {
  const now = clock.now();
  return {
    link,
    handshake,
    dialled,
    openedMs: now.elapsedMs,
    openedWallMs: now.wallMs,
    isWritable: true,
    held: undefined,
    isDetached: false,
    cancelRetirement: () => {},
    activeMs: now.elapsedMs,
    messagesReceived: 0,
    messagesSent: 0,
    bytesReceived: 0,
    bytesSent: 0,
  };
}

/** A connection as shown to people. */
export interface ConnectionView {
  readonly pkiId: PkiId;
  readonly mspId: string;
  /** What we dialled, else the address of the socket (not a gossip endpoint). */
  readonly endpoint: string;
  readonly outbound: boolean;
  /** Milliseconds since the epoch. */
  readonly openedAtMs: number;
  /** Whether we send on it; false only for a second link that is about to go. */
  readonly isPreferred: boolean;
  readonly messagesReceived: number;
  readonly messagesSent: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Messages that wait for this peer. */
  readonly queued: number;
  /** Messages dropped since the peer is connected because too many waited. */
  readonly dropped: number;
}

export function viewConnection(
  connection: ProvenLink,
  peer: { readonly isPreferred: boolean; readonly queued: number; readonly dropped: number },
): ConnectionView {
  const { link, handshake, dialled, openedWallMs } = connection;
  const { messagesReceived, messagesSent, bytesReceived, bytesSent } = connection;
  const { pkiId, mspId }: Identity = handshake.identity;
  return {
    pkiId,
    mspId,
    endpoint: dialled ?? link.remoteAddress,
    outbound: link.outbound,
    openedAtMs: openedWallMs,
    ...peer,
    messagesReceived,
    messagesSent,
    bytesReceived,
    bytesSent,
  };
}

/**
 * Which of two links to one peer should stay. Both ends come to the same answer, each by itself:
 * links of one direction mean that the dialler has lost the older one, and so does a link much
 * younger than the other. Otherwise both have dialled at once, and the lower PKI-ID's dial wins.
 */
export function isNewerPreferred(
  older: ProvenLink,
  newer: ProvenLink,
  rules: { readonly selfIsLower: boolean; readonly simultaneousMs: number },
): boolean {
  if (older.link.outbound === newer.link.outbound) return true;
  if (newer.openedMs - older.openedMs > rules.simultaneousMs) return true;
  return newer.link.outbound === rules.selfIsLower;
}
