/**
 * Messages, read once at the edge: everything the core needs, nothing that can be wrong. Then what
 * follows from a message alone: which of two is newer, who signed it, what it may do.
 */

import { equalBytes, fromHex, sameView, toHex } from "../../wire/bytes.ts";
import type { WireFault } from "../../wire/decode.ts";
import type { Envelope } from "../../wire/envelope.ts";
import {
  internalEndpointOf,
  isChannelRestricted,
  ownedEnvelope,
  parseEnvelope,
  parseMessage,
} from "../../wire/envelope.ts";
import type { AliveMessage } from "../../wire/messages.ts";
import {
  type GossipMessage,
  type PeerTime,
  PULL_TYPE,
  type SecretEnvelope,
} from "../../wire/messages.ts";
import { accept, reject, type Verdict } from "../../wire/verdict.ts";
import type { AliveSource, IdentityClaim } from "../types/claim.ts";
import type { AliveFault, PresentedIdentityFault } from "../types/drop.ts";
import type { Crypto, Identity, Now, PkiId } from "../types/host.ts";
import type { Alive, Hearing, ReadMessage } from "../types/member.ts";

/**
 * Longer alive messages are refused: they are kept for every member and passed on. Bytes of the
 * whole envelope; a real one has 160 to 1_200.
 */
const ALIVE_BYTES_MAX = 8_192;

/** Reads the alive message out of its decoded content. */
export function readAlive(envelope: Envelope, message: AliveMessage): Verdict<Alive, AliveFault> {
  if (envelope.bytes.length > ALIVE_BYTES_MAX) return reject("too-large");
  const { membership, timestamp } = message;
  const pkiId = membership && parsePkiId(membership.pkiId);
  if (!membership || !pkiId || !timestamp || envelope.signature.length === 0) {
    return reject("alive-incomplete");
  }
  return accept({
    pkiId,
    endpoint: membership.endpoint,
    internalEndpoint: envelope.secret && internalEndpointOf(envelope.secret),
    metadata: membership.metadata,
    time: timestamp,
    identity: message.identity,
    envelope,
  });
}

/** Reads any message, alone or nested in another one. */
export const readMessage: ReadMessage = (bytes) => {
  const envelope = parseEnvelope(bytes);
  if (!envelope.ok) return envelope;
  const message = parseMessage(envelope.value.payload);
  if (!message.ok) return message;
  const { content } = message.value;
  const alive = content?.type === "alive" ? readAlive(envelope.value, content.value) : NOT_ALIVE;
  const value = { envelope: envelope.value, message: message.value, alive };
  return { ok: true, value };
};

const NOT_ALIVE = reject("not-alive");

/** Reads an alive message nested in a membership request or response. Its tag is not looked at. */
export function parseAlive(bytes: Uint8Array, read = readMessage): Verdict<Alive, AliveFault> {
  const message = read(bytes);
  return message.ok ? message.value.alive : message;
}

/** Longer items are refused: they are kept and handed on. A real one has about 1_000 bytes. */
const IDENTITY_BYTES_MAX = 65_536;

/** Reads the item that is pulled: the signed identity of somebody. */
export function parseIdentityItem(
  bytes: Uint8Array,
): Verdict<IdentityClaim, WireFault | "not-an-identity"> {
  const envelope = parseEnvelope(bytes);
  if (!envelope.ok) return envelope;
  const message = parseMessage(envelope.value.payload);
  if (!message.ok) return message;
  const { content } = message.value;
  if (content?.type !== "peer-identity") return reject("not-an-identity");
  const pkiId = parsePkiId(content.value.pkiId);
  if (pkiId === undefined) return reject("not-an-identity");
  if (bytes.length > IDENTITY_BYTES_MAX) return reject("too-large");
  return accept({ pkiId, certificate: content.value.cert, envelope: envelope.value });
}

/** The same message in memory of its own, to be kept longer than the buffer it arrived in. */
export function ownedAlive(alive: Alive): Alive {
  const envelope = ownedEnvelope(alive.envelope);
  if (envelope === alive.envelope) return alive;
  const [whole, copy] = [alive.envelope.bytes, envelope.bytes];
  return {
    ...alive,
    metadata: sameView(alive.metadata, whole, copy),
    identity: sameView(alive.identity, whole, copy),
    envelope,
  };
}

/** Judges identity bytes presented under a PKI-ID, expiry included. */
export function judgeIdentity(
  crypto: Crypto,
  bytes: Uint8Array,
  pkiId: PkiId,
  now: Now,
): Verdict<Identity, PresentedIdentityFault> {
  const identity = crypto.identify(bytes);
  if (!identity.ok) return identity;
  if (identity.value.pkiId !== pkiId) return reject("pki-id-mismatch");
  if (identity.value.notAfterMs <= now.wallMs) return reject("identity-expired");
  return identity;
}

/**
 * Whether the identity signed the payload and, if there is one, the secret of the envelope.
 * `knownSecret`: one of the same identity that was checked before, and need not be again.
 */
export function isSignedBy(
  crypto: Crypto,
  identity: Identity,
  { payload, signature, secret }: Envelope,
  knownSecret?: SecretEnvelope,
): boolean {
  const isSigned = (signed: Uint8Array, by: Uint8Array): boolean =>
    signed.length > 0 && by.length > 0 && crypto.verify(identity, signed, by);
  if (!isSigned(payload, signature)) return false;
  if (secret === undefined || isSameSecret(secret, knownSecret)) return true;
  return isSigned(secret.payload, secret.signature);
}

function isSameSecret(secret: SecretEnvelope, known: SecretEnvelope | undefined): boolean {
  return (
    known !== undefined &&
    equalBytes(secret.signature, known.signature) &&
    equalBytes(secret.payload, known.payload)
  );
}

/** The PKI-ID in 32 raw bytes; undefined for any other length. */
export function parsePkiId(bytes: Uint8Array): PkiId | undefined {
  return bytes.length === 32 ? (toHex(bytes) as PkiId) : undefined;
}

/** The 32 raw bytes that travel. */
export function pkiIdBytes(pkiId: PkiId): Uint8Array {
  return fromHex(pkiId);
}

/** One of a StateInfo, whose reader has made 64 hex digits of 32 bytes. */
export function knownPkiId(hex: string): PkiId {
  return hex as PkiId;
}

/** Whether `time` is strictly later than `known`: by incarnation, then by sequence. */
export function isNewer(time: PeerTime, known: PeerTime): boolean {
  return time.incNum > known.incNum || (time.incNum === known.incNum && time.seqNum > known.seqNum);
}

/** Contents that a peer sends to everybody whether they care or not; their tag is not our concern. */
export function isNotForUs({ content, tag }: GossipMessage): boolean {
  switch (content?.type) {
    case "conn-establish":
    case "empty":
    case "ack":
    case "private-data":
    case "private-request":
    case "private-response":
      return true;
    case "hello":
    case "digest":
    case "request":
    case "update":
      return content.value.msgType === PULL_TYPE.block && isChannelRestricted(tag);
    default:
      return false;
  }
}

/** How much the word of somebody counts. */
export interface Weight {
  /** Nothing that a list told before can make it late. */
  readonly isFirstHand: boolean;
  /** The author is at the other end of a connection: nobody can replay that. */
  readonly isPresent: boolean;
}

export const WEIGHT: Readonly<Record<Hearing, Weight>> = {
  itself: { isFirstHand: true, isPresent: true },
  gossip: { isFirstHand: true, isPresent: false },
  list: { isFirstHand: false, isPresent: false },
};

export interface Rights {
  /** Whose word it is, unless its author brought it. */
  readonly hearing: Hearing;
  /** It says that its author is alive, not that it is dead. */
  readonly isLife: boolean;
  /** It is passed on, once: so it is also used if we know it but have not passed it on. */
  readonly isRelayed: boolean;
  /** Whoever sent it gets an answer, whether it tells anything new or not. */
  readonly isAnswered: boolean;
  /** If it tells much that is new, gossip has missed something: we ask others sooner. */
  readonly showsGaps: boolean;
  /**
   * It waits until its author's identity is known, and takes the place of what has a lower priority;
   * undefined: it does not wait.
   */
  readonly waitPriority: number | undefined;
}

export const RIGHTS: Readonly<Record<AliveSource, Rights>> = {
  gossip: {
    hearing: "gossip",
    isLife: true,
    isRelayed: true,
    isAnswered: false,
    showsGaps: false,
    waitPriority: 2,
  },
  request: {
    hearing: "itself",
    isLife: true,
    isRelayed: false,
    isAnswered: true,
    showsGaps: false,
    waitPriority: undefined,
  },
  "listed-alive": {
    hearing: "list",
    isLife: true,
    isRelayed: false,
    isAnswered: false,
    showsGaps: true,
    waitPriority: 1,
  },
  "listed-dead": {
    hearing: "list",
    isLife: false,
    isRelayed: false,
    isAnswered: false,
    showsGaps: false,
    waitPriority: 0,
  },
};

/** Whose word it is that somebody is alive. */
export function hearingOf(source: AliveSource, author: PkiId, from: PkiId): Hearing {
  return author === from ? "itself" : RIGHTS[source].hearing;
}
