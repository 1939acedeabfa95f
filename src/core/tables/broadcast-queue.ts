/**
 * What waits to be passed on. Messages gather for a moment, so that those for one peer leave
 * together, and peers that turn out to have a message are spared it. Source: spec B 4 (Fabric's
 * `batcher.go`, `gossipBatch`).
 */

import { type Envelope, withoutSecret as strip } from "../../wire/envelope.ts";
import { discloseTo, partyOf, type Reach } from "../rules/disclosure.ts";
import type { Effect, Outgoing } from "../types/effect.ts";
import type { Now, PkiId } from "../types/host.ts";
import type { Member } from "../types/member.ts";
import type { Context } from "../types/options.ts";
import { preferredEndpoint } from "./members.ts";

/** A queued message. */
export interface Broadcast {
  /** Topic of the message: of several queued under one key, only the newest is sent. */
  readonly key: string;
  readonly reach: Reach;
  /** The encoded envelope. */
  readonly bytes: Uint8Array;
  /** What the bytes are, if that may have a secret: those who must not see it get it without. */
  readonly envelope?: Envelope;
  /** The same bytes without a secret that is within; only made if somebody gets them. Default: there is none. */
  readonly withoutSecret?: () => Uint8Array;
  /** Whether an older one of the same key, still queued for a peer, is not worth sending any more. Default: it is. */
  readonly replacesOlder?: boolean;
  /** Members that have it (author, sender, other senders), which are skipped. */
  readonly holders: PkiId[];
}

/** Key of an alive message; no other key has the form of a PKI-ID. */
export function aliveKey(author: PkiId): string {
  return author;
}

/** Who is to get a message: so many of these, in this order. */
export interface Audience {
  readonly members: Iterable<Member>;
  readonly count: number;
}

interface Waiting {
  readonly broadcast: Broadcast;
  readonly timesLeft: number;
}

export interface BroadcastQueue {
  /** Another map after each flush, for the sake of garbage collection: see routine-queue.ts. */
  waiting: Map<string, Waiting>;
  /** When the queue is sent; Infinity if empty. */
  flushAtMs: number;
}

export function createBroadcastQueue(): BroadcastQueue {
  return { waiting: new Map(), flushAtMs: Number.POSITIVE_INFINITY };
}

interface QueueTables extends Context<"fanout" | "random" | "self" | "timing"> {
  readonly broadcastQueue: BroadcastQueue;
}

/**
 * Adds a message. It leaves in `waitMs` at the latest: with the next that leaves, or at once when
 * the burst is complete.
 */
export function enqueue(
  { broadcastQueue: queue, now, options: { fanout } }: QueueTables,
  broadcast: Broadcast,
  waitMs: number,
): void {
  if (fanout.iterations === 0) return;
  queue.waiting.set(broadcast.key, { broadcast, timesLeft: fanout.iterations });
  const isComplete = queue.waiting.size >= fanout.burstSize;
  const flushAtMs = now.elapsedMs + (isComplete ? 0 : waitMs);
  queue.flushAtMs = Math.min(queue.flushAtMs, flushAtMs);
}

/** Sends the queue at the next opportunity. */
export function hasten(queue: BroadcastQueue, { elapsedMs }: Now): void {
  if (queue.waiting.size > 0) queue.flushAtMs = elapsedMs;
}

/** A random delay within the burst latency. */
export function burstWaitMs({ random, timing }: QueueTables["options"]): number {
  const { burstLatencyMs } = timing;
  return burstLatencyMs < 1 ? burstLatencyMs : 1 + random.below(Math.trunc(burstLatencyMs));
}

/** The peer has the message that waits under this key, if it is these bytes: it need not get it from us. */
export function noteHolder(
  queue: BroadcastQueue,
  key: string,
  holder: PkiId,
  bytes?: Uint8Array,
): void {
  const broadcast = queue.waiting.get(key)?.broadcast;
  if (broadcast === undefined || (bytes !== undefined && broadcast.bytes !== bytes)) return;
  // Few hold it: an array is faster than a set.
  if (!broadcast.holders.includes(holder)) broadcast.holders.push(holder);
}

/** Passes on everything that waits: each message to its own audience, to each peer in one send. */
export function flush(
  { broadcastQueue: queue, now, options }: QueueTables,
  choose: (reach: Reach) => Audience,
): readonly Effect[] {
  const bundles = new Map<PkiId, Bundle>();
  const staying = new Map<string, Waiting>();
  for (const waiting of queue.waiting.values()) {
    const { broadcast, timesLeft } = waiting;
    const audience = choose(broadcast.reach);
    address(broadcast, audience, options.self.mspId, bundles);
    // A send to the whole audience needs no further iteration.
    const isOver = timesLeft === 1 || audience.count === Number.POSITIVE_INFINITY;
    if (!isOver) staying.set(broadcast.key, { broadcast, timesLeft: timesLeft - 1 });
  }
  queue.waiting = staying;
  const isEmpty = queue.waiting.size === 0;
  queue.flushAtMs = isEmpty ? Number.POSITIVE_INFINITY : now.elapsedMs + burstWaitMs(options);
  const effects: Effect[] = [];
  for (const { member, messages } of bundles.values()) {
    const endpoint = preferredEndpoint(member);
    effects.push({ type: "send", to: member.pkiId, endpoint, messages });
  }
  return effects;
}

/** What is sent to one peer. */
interface Bundle {
  readonly member: Member;
  readonly messages: Outgoing[];
  /** What was added last: nobody gets it twice. */
  last: Broadcast;
}

/** The requested number of recipients, without those that have it or may not see it. */
function address(
  broadcast: Broadcast,
  { members, count }: Audience,
  ownMspId: string,
  bundles: Map<PkiId, Bundle>,
): void {
  const { reach, holders } = broadcast;
  const full = outgoing(broadcast, broadcast.bytes);
  let stripped: Outgoing | undefined;
  let left = count;
  for (const member of members) {
    if (left === 0) return;
    if (holders.includes(member.pkiId)) continue;
    const bundle = bundles.get(member.pkiId);
    const disclosure = discloseTo(ownMspId, reach, partyOf(member));
    if (bundle?.last === broadcast || disclosure === "hidden") continue;
    left -= 1;
    if (disclosure !== "with-secret")
      stripped ??= outgoing(broadcast, bytesWithoutSecret(broadcast));
    const message = guarded(
      disclosure === "with-secret" ? full : (stripped ?? full),
      reach,
      member,
    );
    if (bundle === undefined) {
      bundles.set(member.pkiId, { member, messages: [message], last: broadcast });
      continue;
    }
    bundle.messages.push(message);
    bundle.last = broadcast;
  }
}

function bytesWithoutSecret({ bytes, envelope, withoutSecret }: Broadcast): Uint8Array {
  return withoutSecret?.() ?? (envelope ? strip(envelope).bytes : bytes);
}

function guarded(message: Outgoing, reach: Reach, { mspId }: Member): Outgoing {
  if (reach.type !== "channel") return message;
  return { ...message, isAllowed: () => reach.mspIds().includes(mspId) };
}

function outgoing({ key, replacesOlder }: Broadcast, bytes: Uint8Array): Outgoing {
  return replacesOlder ? { bytes, replaces: key } : { bytes };
}
