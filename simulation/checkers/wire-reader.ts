/** Reads messages off the wire with the codec alone; applies no protocol rule. */

import { equalBytes, ownBytes } from "../../src/wire/bytes.ts";
import type { Content, GossipMessage } from "../../src/wire/messages.ts";
import { parsePkiId, type ReadMessage, readMessage } from "../../src/wire/received.ts";
import { readUnsigned } from "../shared-reader.ts";
import { glance } from "../wire-kind.ts";

/** An alive message, gossiped or embedded. */
export interface AliveOnWire {
  readonly pkiId: string;
  readonly endpoint: string;
  readonly hasSecret: boolean;
  readonly time: bigint;
}

/** Alive messages remembered, by the number in their signature: several checkers read each copy. */
const ENTRIES = 2 ** 12;

const entries = new Array<Entry | undefined>(ENTRIES);

interface Entry {
  readonly bytes: Uint8Array;
  readonly alive: AliveOnWire | undefined;
}

/** Author and time of a gossiped alive message; undefined if it is something else. */
export function readAliveTime(bytes: Uint8Array): AliveOnWire | undefined {
  return glance(bytes).kind === "alive" ? readAlive(bytes) : undefined;
}

/** An alive message in its envelope; undefined if it is none, or incomplete. */
export function readAlive(bytes: Uint8Array): AliveOnWire | undefined {
  const { number } = glance(bytes);
  if (number < 0) return readAnew(bytes);
  const slot = number % ENTRIES;
  const known = entries[slot];
  if (known !== undefined && equalBytes(known.bytes, bytes)) return known.alive;
  const alive = readAnew(bytes);
  entries[slot] = { bytes: ownBytes(bytes), alive };
  return alive;
}

function read(bytes: Uint8Array): ReturnType<ReadMessage> {
  return glance(bytes).number < 0 ? readUnsigned(bytes) : readMessage(bytes);
}

function readAnew(bytes: Uint8Array): AliveOnWire | undefined {
  const received = read(bytes);
  if (!received.ok) return undefined;
  const { envelope, message } = received.value;
  if (message.content?.type !== "alive") return undefined;
  const { membership, timestamp } = message.content.value;
  const pkiId = membership && parsePkiId(membership.pkiId);
  if (pkiId === undefined || membership === undefined || timestamp === undefined) return undefined;
  return {
    pkiId,
    endpoint: membership.endpoint,
    hasSecret: envelope.secret !== undefined,
    time: (timestamp.incNum << 64n) | timestamp.seqNum,
  };
}

/** The content of any message. */
export function readContent(bytes: Uint8Array): Content | undefined {
  const received = read(bytes);
  return received.ok ? received.value.message.content : undefined;
}

/** A whole message; undefined if it is none. */
export function readWhole(bytes: Uint8Array): GossipMessage | undefined {
  const received = read(bytes);
  return received.ok ? received.value.message : undefined;
}

/** The PKI-ID an item of an update is about. */
export function readItemId(bytes: Uint8Array): string | undefined {
  const content = readContent(bytes);
  return content?.type === "peer-identity" ? parsePkiId(content.value.pkiId) : undefined;
}
