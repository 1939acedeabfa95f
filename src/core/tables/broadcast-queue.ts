/**
 * What waits to be passed on. Messages gather for a moment, so that those for one peer leave
 * together, and peers that turn out to have a message are spared it. Source: spec B 4 (Fabric's
 * `batcher.go`, `gossipBatch`).
 */

import { equalBytes } from "../../wire/bytes.ts";
import type { PeerTime } from "../../wire/messages.ts";

import { discloseTo, type Reach } from "../rules/disclosure.ts";
import type { Effect, Outgoing } from "../types/effect.ts";
import type { Now, PkiId, Random } from "../types/host.ts";
import type { Member } from "../types/member.ts";
import type { Fanout } from "../types/options.ts";
import { partyOf, preferredEndpoint } from "./members.ts";

/** A message on its way. */
export interface Emission {
  /** What it is about: of several that wait under one key only the newest is sent. */
  readonly key: string;
  readonly reach: Reach;
  /** The encoded envelope. */
  readonly bytes: Uint8Array;
  /** The same for those who must not see the secret; only made if one of them gets it. */
  readonly withoutSecret: () => Uint8Array;
  /** Whether an older one of the same key, still queued for a peer, is not worth sending any more. */
  readonly replacesOlder: boolean;
  /** Who has it: its author, who passed it to us, and whoever else does. They are left out. */
  readonly holders: Set<PkiId>;
}

/** Who is to get a message: so many of these, in this order. */
export interface Audience {
  readonly members: Iterable<Member>;
  readonly count: number;
}

interface Waiting {
  readonly emission: Emission;
  readonly timesLeft: number;
}

export interface Emitter {
  readonly waiting: Map<string, Waiting>;
  /** When what waits is to leave; Infinity if nothing waits. */
  flushAtMs: number;
}

export function createEmitter(): Emitter {
  return { waiting: new Map(), flushAtMs: Number.POSITIVE_INFINITY };
}

/**
 * Adds a message. It leaves in `waitMs` at the latest: with the next that leaves, or at once when
 * the burst is complete.
 */
export function emit(
  emitter: Emitter,
  emission: Emission,
  fanout: Fanout,
  waitMs: number,
  now: Now,
): void {
  if (fanout.iterations === 0) return;
  emitter.waiting.set(emission.key, { emission, timesLeft: fanout.iterations });
  const isComplete = emitter.waiting.size >= fanout.burstSize;
  const flushAtMs = now.elapsedMs + (isComplete ? 0 : waitMs);
  emitter.flushAtMs = Math.min(emitter.flushAtMs, flushAtMs);
}

/** A moment within the burst latency. */
export function burstWaitMs(latencyMs: number, random: Random): number {
  return latencyMs < 1 ? latencyMs : 1 + random.below(Math.trunc(latencyMs));
}

/** The peer has the message that waits under this key: it need not get it from us. */
export function noteHolder(emitter: Emitter, key: string, holder: PkiId): void {
  emitter.waiting.get(key)?.emission.holders.add(holder);
}

/** Passes on everything that waits: each message to its own audience, to each peer in one send. */
export function flush(
  emitter: Emitter,
  choose: (reach: Reach) => Audience,
  ownMspId: string,
  latencyMs: number,
  random: Random,
  now: Now,
): readonly Effect[] {
  const bundles = new Map<PkiId, { member: Member; messages: Outgoing[] }>();
  const put = (member: Member, message: Outgoing): void => {
    const bundle = bundles.get(member.pkiId);
    if (bundle) bundle.messages.push(message);
    else bundles.set(member.pkiId, { member, messages: [message] });
  };
  for (const [key, { emission, timesLeft }] of emitter.waiting) {
    const audience = choose(emission.reach);
    address(emission, audience, ownMspId, put);
    // Who sends to all of them at once need not do it again.
    const isOver = timesLeft === 1 || audience.count === Number.POSITIVE_INFINITY;
    if (isOver) emitter.waiting.delete(key);
    else emitter.waiting.set(key, { emission, timesLeft: timesLeft - 1 });
  }
  const isEmpty = emitter.waiting.size === 0;
  emitter.flushAtMs = isEmpty
    ? Number.POSITIVE_INFINITY
    : now.elapsedMs + burstWaitMs(latencyMs, random);
  const effects: Effect[] = [];
  for (const { member, messages } of bundles.values()) {
    effects.push({
      type: "send",
      to: member.pkiId,
      endpoint: preferredEndpoint(member),
      messages,
    });
  }
  return effects;
}

/** As many of the audience as it is for, those left out who have it or may not see it. */
function address(
  emission: Emission,
  { members, count }: Audience,
  ownMspId: string,
  put: (member: Member, message: Outgoing) => void,
): void {
  const { reach, holders, key } = emission;
  const replaces = emission.replacesOlder ? { replaces: key } : {};
  const full: Outgoing = { bytes: emission.bytes, ...replaces };
  let stripped: Outgoing | undefined;
  let left = count;
  const done = new Set<PkiId>();
  for (const member of members) {
    if (left === 0) return;
    if (holders.has(member.pkiId) || done.has(member.pkiId)) continue;
    const disclosure = discloseTo(ownMspId, reach, partyOf(member));
    if (disclosure === "hidden") continue;
    left -= 1;
    done.add(member.pkiId);
    if (disclosure === "with-secret") put(member, full);
    else {
      stripped ??= { bytes: emission.withoutSecret(), ...replaces };
      put(member, stripped);
    }
  }
}

export interface Original {
  readonly author: PkiId;
  readonly time: PeerTime;
  /** The key under which the emitter passes it on. */
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** By a hash of their bytes, oldest first. Two of one hash: the later one is known. */
export type Copies = Map<number, Original>;

/** Copies come within a second; in a network of 1,000 there are 200 heartbeats a second. */
const ORIGINALS_MAX = 2_048;
/** A heartbeat with a certificate has 1,200. Lists are not worth being looked at. */
const ORIGINAL_BYTES_MAX = 2_048;
const SAMPLED = 4;

export function addOriginal(copies: Copies, original: Original): void {
  if (original.bytes.length > ORIGINAL_BYTES_MAX) return;
  if (copies.size >= ORIGINALS_MAX) {
    const [oldest] = copies.keys();
    if (oldest !== undefined) copies.delete(oldest);
  }
  copies.set(hash(original.bytes), original);
}

/** The message that these bytes are a copy of, if it came lately. */
export function findOriginal(copies: Copies, bytes: Uint8Array): Original | undefined {
  if (bytes.length > ORIGINAL_BYTES_MAX) return undefined;
  const original = copies.get(hash(bytes));
  return original !== undefined && equalBytes(original.bytes, bytes) ? original : undefined;
}

/** FNV-1a over every fourth byte, a dozen of them of the signature. Whoever finds another message of the same hash saves us nothing, and spoils nothing. */
function hash(bytes: Uint8Array): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i += SAMPLED)
    state = Math.imul(state ^ (bytes[i] ?? 0), 0x01000193);
  return state;
}
