/**
 * Lists of members and identities in a large world: who gets one reads what its sender wrote, and the bytes
 * are never made. A thousand members that start together send each other some ten gigabytes of them,
 * nearly all of which everybody knows. Their lengths are true.
 */

import { EMPTY_BYTES } from "../src/wire/bytes.ts";
import type { WireFault } from "../src/wire/decode.ts";
import { encode } from "../src/wire/encode.ts";
import { encodeMessage, encodeUnsigned, lengthBytes } from "../src/wire/envelope.ts";
import { DATA_DIGEST, DATA_UPDATE, type GossipMessage } from "../src/wire/messages.ts";
import {
  PKI_ID_CODEC,
  type PkiIdCodec,
  type ReadMessage,
  type ReceivedMessage,
} from "../src/wire/received.ts";
import { accept, reject, type Verdict } from "../src/wire/verdict.ts";
import type { SimulatedAuthority } from "./authority.ts";
import { createSharedIds } from "./shared-ids.ts";
import { createSharedReader } from "./shared-reader.ts";

/** A list apart from what is in it. */
interface Parts {
  readonly entries: readonly Uint8Array[];
  /** So many of them, the first ones, are of living members. */
  readonly alive: number;
  /** The length of its other fields. */
  readonly rest: number;
  /** The same message with other entries, of which so many are of living members. */
  readonly filled: (entries: readonly Uint8Array[], alive: number) => GossipMessage;
}

/**
 * Bytes on their way that stand for a message, which goes with them: a WeakMap would keep it until the next
 * collection of everything.
 */
class Blank extends Uint8Array {
  written: Verdict<ReceivedMessage, WireFault> | undefined;
}

export interface SharedLists {
  readonly read: ReadMessage;
  /** Of the PKI-IDs in lists. */
  readonly ids: PkiIdCodec;
  /** Stands for the message on its way: bytes of its length, all zero, if it is a long list. */
  readonly write: (message: GossipMessage) => Uint8Array;
  /** What was written; undefined: these are true bytes. */
  readonly messageOf: (bytes: Uint8Array) => GossipMessage | undefined;
  /** A short message that ends as this one does. */
  readonly endOf: (bytes: Uint8Array) => Uint8Array;
  /** What was written, to be put together in another thread; undefined: these are true bytes. */
  readonly apart: (bytes: Uint8Array) => ListApart | undefined;
  readonly together: (list: ListApart) => Uint8Array;
}

/** A list, and the message around it. */
export interface ListApart extends Pick<Parts, "entries" | "alive"> {
  readonly frame: Uint8Array;
}

/** Shorter ones are not worth it. */
const LONG_BYTES = 2_048;
const NOT_ALIVE = reject("not-alive");

/** For the members of a world. */
export function shareLists(authority: SimulatedAuthority, size?: number): SharedLists {
  return createSharedLists(createSharedReader(authority, size), createSharedIds(authority));
}

/** `read`: reads what was not written here. */
export function createSharedLists(read: ReadMessage, ids = PKI_ID_CODEC): SharedLists {
  let zeros = new ArrayBuffer(2 ** 16);

  // No message begins with a zero.
  const find = (bytes: Uint8Array) =>
    bytes[0] === 0 ? (bytes as Partial<Blank>).written : undefined;
  const messageOf = (bytes: Uint8Array): GossipMessage | undefined => {
    const known = find(bytes);
    return known?.ok ? known.value.message : undefined;
  };
  function write(message: GossipMessage): Uint8Array {
    const parts = partsOf(message);
    const length = parts === undefined ? 0 : lengthOf(message, parts);
    if (length < LONG_BYTES) return encodeUnsigned(message);
    if (length > zeros.byteLength) zeros = new ArrayBuffer(2 * length);
    const bytes = new Blank(zeros, 0, length);
    const envelope = {
      bytes,
      payload: bytes,
      signature: EMPTY_BYTES,
      secret: undefined,
    };
    bytes.written = accept({ envelope, message, alive: NOT_ALIVE });
    return bytes;
  }

  return {
    write,
    ids,
    read: (bytes) => find(bytes) ?? read(bytes),
    messageOf,
    endOf(bytes) {
      const message = messageOf(bytes);
      const parts = message && partsOf(message);
      if (parts === undefined) return bytes;
      const { alive, entries, filled } = parts;
      return encodeUnsigned(filled(entries.slice(-1), alive === entries.length ? 1 : 0));
    },
    apart(bytes) {
      const message = messageOf(bytes);
      const parts = message && partsOf(message);
      if (parts === undefined) return undefined;
      const { alive, entries, filled } = parts;
      return { alive, entries, frame: encodeUnsigned(filled([], 0)) };
    },
    together({ alive, entries, frame }) {
      const framed = read(frame);
      const parts = framed.ok ? partsOf(framed.value.message) : undefined;
      if (parts === undefined) throw new RangeError("this frames no list");
      return write(parts.filled(entries, alive));
    },
  };
}

function partsOf(message: GossipMessage): Parts | undefined {
  const { content } = message;
  const around = (content: GossipMessage["content"]): GossipMessage => ({ ...message, content });
  switch (content?.type) {
    case "membership-response": {
      const { type, value } = content;
      const entries = value.dead.length > 0 ? [...value.alive, ...value.dead] : value.alive;
      const filled: Parts["filled"] = (all, alive) =>
        around({ type, value: { alive: all.slice(0, alive), dead: all.slice(alive) } });
      return { entries, alive: value.alive.length, rest: 0, filled };
    }
    case "digest": {
      const { type, value } = content;
      const rest = encode(DATA_DIGEST, { ...value, digests: [] }).length;
      const filled: Parts["filled"] = (digests) => around({ type, value: { ...value, digests } });
      return { entries: value.digests, alive: value.digests.length, rest, filled };
    }
    case "update": {
      const { type, value } = content;
      const rest = encode(DATA_UPDATE, { ...value, data: [] }).length;
      const filled: Parts["filled"] = (data) => around({ type, value: { ...value, data } });
      return { entries: value.data, alive: value.data.length, rest, filled };
    }
    default:
      return undefined;
  }
}

/** The length of the envelope. Numbers of all fields concerned take a byte. */
function lengthOf(message: GossipMessage, { entries, rest }: Parts): number {
  let length = rest;
  for (const entry of entries) length += inField(entry.length);
  const others = encodeMessage({ ...message, content: undefined }).length;
  return inField(others + inField(length));
}

function inField(length: number): number {
  return 1 + lengthBytes(length) + length;
}
