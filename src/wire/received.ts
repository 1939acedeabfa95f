/**
 * Messages as read once, at the edge: everything that the protocol needs of an alive message or of a
 * pulled identity, nothing that can be wrong.
 */

import { fromHex, sameView } from "./bytes.ts";
import type { WireFault } from "./decode.ts";
import { type Envelope, internalEndpointOf, parseEnvelope, parseMessage } from "./envelope.ts";
import { HASH_BYTES, textOfHash } from "./hash-texts.ts";
import { ownedEnvelope } from "./kept-envelope.ts";
import type { AliveMessage, GossipMessage, PeerTime } from "./messages.ts";
import { PlacedEnvelope } from "./placed-envelope.ts";
import { readPlainAlive, readPlainSecret } from "./plain-alive.ts";
import { accept, reject, type Verdict } from "./verdict.ts";

declare const pkiIdBrand: unique symbol;

/**
 * The name of a member: SHA-256 over MSP id and certificate text, as 64 lower-case hex digits.
 * Made only by an MSP (of an identity) and by `parsePkiId` (of 32 bytes of a
 * message). Source: spec A 5.1, Fabric's `GetPKIidOfCert`.
 */
export type PkiId = string & { readonly [pkiIdBrand]: true };

/** An alive message that is complete. */
export interface Alive {
  readonly pkiId: PkiId;
  /** External endpoint; may be empty. */
  readonly endpoint: string;
  /** From the secret; undefined if there is none or it cannot be read. */
  readonly internalEndpoint: string | undefined;
  readonly metadata: Uint8Array;
  readonly time: PeerTime;
  /** The SerializedIdentity it carries; empty if none. */
  readonly identity: Uint8Array;
  /** As received: this is what is relayed. */
  readonly envelope: Envelope;
}

/** The texts of an alive message. */
type AliveTexts = Pick<Alive, "pkiId" | "endpoint" | "internalEndpoint">;

/** A message of any kind. `alive`: the same if it is an alive message, and complete. */
export interface ReceivedMessage {
  readonly envelope: Envelope;
  readonly message: GossipMessage;
  readonly alive: Verdict<Alive, AliveFault>;
}

/** Follows from the bytes alone, so that many cores in one process may share what one has read. */
export type ReadMessage = (bytes: Uint8Array) => Verdict<ReceivedMessage, WireFault>;

/** Why an alive message is refused before it is checked. */
export type AliveFault =
  /** Not decodable, or beyond a limit of the codec or `ALIVE_BYTES_MAX`. */
  | WireFault
  /** Decodable, but no alive message. */
  | "not-alive"
  /** No member, no PKI-ID of 32 bytes, no time or no signature (spec B 10.1). */
  | "alive-incomplete";

/** What a pulled item claims: this certificate has this PKI-ID, signed by the certificate's key. */
export interface IdentityClaim {
  readonly pkiId: PkiId;
  readonly certificate: Uint8Array;
  readonly envelope: Envelope;
}

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
  if (!membership || !pkiId || !timestamp || !isSigned(envelope)) return reject("alive-incomplete");
  const value: Alive = {
    pkiId,
    endpoint: membership.endpoint,
    internalEndpoint: endpointWithin(envelope),
    metadata: membership.metadata,
    time: timestamp,
    identity: message.identity,
    envelope,
  };
  return { ok: true, value };
}

function isSigned(envelope: Envelope): boolean {
  if (!(envelope instanceof PlacedEnvelope)) return envelope.signature.length > 0;
  return envelope.signatureEnd > envelope.signatureAt;
}

/** The internal endpoint, which nearly always can be read in place. */
function endpointWithin(envelope: Envelope): string | undefined {
  if (!(envelope instanceof PlacedEnvelope)) return internalEndpointOf(envelope.secret);
  if (!envelope.hasSecret) return undefined;
  const plain = readPlainSecret(envelope.bytes, envelope.innerAt, envelope.innerEnd);
  return plain ?? internalEndpointOf(envelope.secret);
}

/** The content of an envelope; heartbeats are read in place. */
function readContent(envelope: Envelope): Verdict<GossipMessage, WireFault> {
  if (!(envelope instanceof PlacedEnvelope)) return parseMessage(envelope.payload);
  const { bytes, payloadAt, payloadEnd } = envelope;
  const plain = readPlainAlive(bytes, payloadAt, payloadEnd);
  return plain === undefined ? parseMessage(envelope.payload) : { ok: true, value: plain };
}

/** Reads any message, alone or nested in another one. */
export const readMessage: ReadMessage = (bytes) => {
  const envelope = parseEnvelope(bytes);
  if (!envelope.ok) return envelope;
  const message = readContent(envelope.value);
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
  read = readMessage,
): Verdict<IdentityClaim, WireFault | "not-an-identity"> {
  const received = read(bytes);
  if (!received.ok) return received;
  const { envelope, message } = received.value;
  const { content } = message;
  if (content?.type !== "peer-identity") return reject("not-an-identity");
  const pkiId = parsePkiId(content.value.pkiId);
  if (pkiId === undefined) return reject("not-an-identity");
  if (bytes.length > IDENTITY_BYTES_MAX) return reject("too-large");
  return accept({ pkiId, certificate: content.value.cert, envelope });
}

/**
 * The same message in memory of its own, to be kept longer than the buffer it arrived in. `known`: equal
 * texts that are kept already, in whose place those of the message need not be.
 */
export function ownedAlive(alive: Alive, known: AliveTexts = alive): Alive {
  const envelope = ownedEnvelope(alive.envelope);
  if (envelope === alive.envelope) return alive;
  const [whole, copy] = [alive.envelope.bytes, envelope.bytes];
  return {
    pkiId: known.pkiId,
    endpoint: known.endpoint,
    // A message without its secret names none.
    internalEndpoint: alive.internalEndpoint && known.internalEndpoint,
    metadata: sameView(alive.metadata, whole, copy),
    time: alive.time,
    identity: sameView(alive.identity, whole, copy),
    envelope,
  };
}

/** The PKI-ID in 32 raw bytes; undefined for any other length. */
export function parsePkiId(bytes: Uint8Array): PkiId | undefined {
  return bytes.length === HASH_BYTES ? (textOfHash(bytes) as PkiId) : undefined;
}

/** The 32 raw bytes that travel. */
export function pkiIdBytes(pkiId: PkiId): Uint8Array {
  return fromHex(pkiId);
}

/** How PKI-IDs are read from lists of them and written there. */
export interface PkiIdCodec {
  readonly read: (bytes: Uint8Array) => PkiId | undefined;
  readonly write: (pkiId: PkiId) => Uint8Array;
}

/** Each time anew. */
export const PKI_ID_CODEC: PkiIdCodec = { read: parsePkiId, write: pkiIdBytes };

/** One of a StateInfo, whose reader has made 64 hex digits of 32 bytes. */
export function knownPkiId(hex: string): PkiId {
  return hex as PkiId;
}

/** Whether `time` is strictly later than `known`: by incarnation, then by sequence. */
export function isNewer(time: PeerTime, known: PeerTime): boolean {
  if (time === known) return false; // Often in one process; comparing bigints is slow.
  if (time.incNum !== known.incNum) return time.incNum > known.incNum;
  return time.seqNum > known.seqNum;
}
