/**
 * Repairs losses and informs new members: neighbours regularly learn what we keep for them, and
 * request what they lack.
 */

import type { Now, PkiId } from "../../core/types/host.ts";
import { charge, isSpent } from "../../lib/rate-limit.ts";
import { encodeMemberEnvelope, type Held, RANGES_MAX } from "../../wire/member-messages.ts";
import { parsePkiId, pkiIdBytes } from "../../wire/received.ts";
import { isHeard } from "../tables/heard.ts";
import { findKept, type Kept, nameOf, releaseOld } from "../tables/kept.ts";
import type { MessagingEffect } from "../types/effect.ts";
import type { Participant } from "../types/host.ts";
import { audienceOf, mayHave, sendTo } from "./audience.ts";
import type { Messaging } from "./state.ts";

/** Delay of digests with news and for newcomers, and interval of full digests. */
const NEWS_MS = 1_000;
const ALL_MS = 5_000;
/** How long we wait for one peer before we request a message elsewhere. */
const ASKED_MS = 2_000;
const ASKED_MAX = 20_000;
/** Maximum numbers processed per digest or request: all that a peer keeps, each in a range of its own. */
const NUMBERS_MAX = 10_000;

/** Schedules the next digests after a possible change. */
export function scheduleDigests({ kept, digests, options }: Messaging, now: Now): void {
  if (kept.numbers.size === 0) {
    digests.newsAtMs = digests.allAtMs = digests.newcomersAtMs = Number.POSITIVE_INFINITY;
    return;
  }
  const soonMs = now.elapsedMs + NEWS_MS;
  if (kept.newest > digests.told) digests.newsAtMs = Math.min(digests.newsAtMs, soonMs);
  if (options.directory.version() !== digests.directory) {
    digests.newcomersAtMs = Math.min(digests.newcomersAtMs, soonMs);
  }
  digests.allAtMs = Math.min(digests.allAtMs, now.elapsedMs + ALL_MS);
}

/** Sends the digests that are due. */
export function sendDigests(messaging: Messaging, now: Now): readonly MessagingEffect[] {
  const due = takeDue(messaging, now);
  if (due === undefined) return [];
  const known = messaging.digests.informed;
  const informed = new Map<PkiId, bigint>();
  const forPeer = new Map<Participant, Kept[]>();
  for (const [message, number, peer] of audiences(messaging, due.isFull ? 0 : due.told, now)) {
    const { pkiId, incarnation } = peer;
    informed.set(pkiId, incarnation);
    // A process that has been told everything gets what is new; another one what is old as well.
    if (number <= due.told && known.get(pkiId) === incarnation) continue;
    const theirs = forPeer.get(peer);
    if (theirs) theirs.push(message);
    else forPeer.set(peer, [message]);
  }
  if (due.isFull) messaging.digests.informed = informed;
  return [...forPeer].flatMap(([peer, messages]) => {
    const value = { held: toHeld(messages) };
    return sendTo(messaging, peer, [encodeMemberEnvelope({ type: "digest", value })], now);
  });
}

interface Due {
  /** Number of the newest message that informed peers do not need to be told. */
  readonly told: number;
  /** Whether uninformed peers are told everything. */
  readonly isFull: boolean;
}

/** What is due now, and from here on no more; undefined: nothing. */
function takeDue({ kept, digests, options }: Messaging, { elapsedMs }: Now): Due | undefined {
  const isAll = digests.allAtMs <= elapsedMs;
  const isNews = isAll || digests.newsAtMs <= elapsedMs;
  const isFull = isAll || digests.newcomersAtMs <= elapsedMs;
  if (!isNews && !isFull) return undefined;
  releaseOld(kept, elapsedMs);
  const before = isNews ? digests.told : kept.newest;
  if (isAll) digests.allAtMs = Number.POSITIVE_INFINITY;
  if (isNews) {
    digests.told = kept.newest;
    digests.newsAtMs = Number.POSITIVE_INFINITY;
  }
  if (isFull) {
    digests.directory = options.directory.version();
    digests.newcomersAtMs = Number.POSITIVE_INFINITY;
  }
  return { told: isAll ? 0 : before, isFull };
}

/** Each message kept after this number, with its number, once for each peer to which we relay it. */
function* audiences(
  messaging: Messaging,
  after: number,
  now: Now,
): Generator<[Kept, number, Participant], undefined> {
  const ways = new Map<string, readonly Participant[]>();
  for (const [message, number] of messaging.kept.numbers) {
    if (number <= after) continue;
    const way = `${message.author} ${message.filter.organisations}`;
    const audience = ways.get(way) ?? audienceOf(messaging, message, now);
    ways.set(way, audience);
    for (const peer of audience) yield [message, number, peer];
  }
  return undefined;
}

/** Requests what we lack of a neighbour's messages. */
export function handleDigest(
  messaging: Messaging,
  peer: Participant,
  held: readonly Held[],
  now: Now,
): readonly MessagingEffect[] {
  const { heard, options, asked, rateLimits } = messaging;
  const { directory, limits } = options;
  const from = peer.pkiId;
  if (isSpent(rateLimits.numbers, from, now))
    return [{ type: "drop", from, code: "request-budget" }];
  tidyAsked(asked, now);
  const wanted: Numbered[] = [];
  const count = eachNumber(held, ({ author, incarnation, sequence }) => {
    if (wanted.length >= limits.requestMax || asked.size >= ASKED_MAX) return false;
    // A message of an unknown author would be useless.
    if (author === directory.self().pkiId || !directory.author(author)) return true;
    if (isHeard(heard, author, incarnation, sequence)) return true;
    const key = `${author}/${nameOf(incarnation, sequence)}`;
    if (asked.has(key)) return true;
    asked.set(key, now.elapsedMs + ASKED_MS);
    wanted.push({ author, incarnation, sequence });
    return true;
  });
  charge(rateLimits.numbers, from, count, now);
  if (wanted.length === 0) return [];
  const value = { wanted: toHeld(wanted) };
  return sendTo(messaging, peer, [encodeMemberEnvelope({ type: "request", value })], now);
}

/** Sends what a neighbour lacks, if we keep it and it may have it. */
export function handleRequest(
  messaging: Messaging,
  peer: Participant,
  wanted: readonly Held[],
  now: Now,
): readonly MessagingEffect[] {
  const { kept, options, rateLimits } = messaging;
  const from = peer.pkiId;
  if (isSpent(rateLimits.numbers, from, now))
    return [{ type: "drop", from, code: "request-budget" }];
  const messages: Uint8Array[] = [];
  const count = eachNumber(wanted, ({ author, incarnation, sequence }) => {
    const found = findKept(kept, author, incarnation, sequence);
    if (found !== undefined && mayHave(messaging, found, peer)) messages.push(found.bytes);
    return messages.length < options.limits.requestMax;
  });
  charge(rateLimits.numbers, from, count, now);
  return sendTo(messaging, peer, messages, now);
}

interface Numbered {
  readonly author: PkiId;
  readonly incarnation: bigint;
  readonly sequence: bigint;
}

/** Visits the numbers in the ranges up to the limit; returns their count. */
function eachNumber(held: readonly Held[], visit: (number: Numbered) => boolean): number {
  let count = 0;
  for (const { author: bytes, incarnation, ranges } of held) {
    count += 1;
    const author = parsePkiId(bytes);
    if (author === undefined) continue;
    for (const { first, last } of ranges) {
      for (let sequence = first; sequence <= last; sequence++) {
        if (++count > NUMBERS_MAX || !visit({ author, incarnation, sequence })) return count;
      }
    }
  }
  return count;
}

/** Numbers as ranges, by author and life. */
function toHeld(numbers: readonly Numbered[]): Held[] {
  const lives = new Map<string, { readonly head: Numbered; readonly sequences: bigint[] }>();
  for (const number of numbers) {
    const key = `${number.author}/${number.incarnation}`;
    const life = lives.get(key);
    if (life) life.sequences.push(number.sequence);
    else lives.set(key, { head: number, sequences: [number.sequence] });
  }
  return [...lives.values()].flatMap(({ head, sequences }) => {
    const { incarnation } = head;
    const author = pkiIdBytes(head.author);
    const all = toRanges(sequences);
    const parts = Array.from({ length: Math.ceil(all.length / RANGES_MAX) }, (_, i) =>
      all.slice(i * RANGES_MAX, (i + 1) * RANGES_MAX),
    );
    return parts.map((ranges) => ({ author, incarnation, ranges }));
  });
}

function toRanges(sequences: readonly bigint[]): { first: bigint; last: bigint }[] {
  const ranges: { first: bigint; last: bigint }[] = [];
  for (const sequence of sequences.toSorted((a, b) => (a < b ? -1 : 1))) {
    const last = ranges.at(-1);
    if (last !== undefined && sequence <= last.last + 1n) last.last = sequence;
    else ranges.push({ first: sequence, last: sequence });
  }
  return ranges;
}

function tidyAsked(asked: Map<string, number>, now: Now): void {
  for (const [key, untilMs] of asked) {
    if (untilMs > now.elapsedMs) break; // In order of request: all further ones are younger.
    asked.delete(key);
  }
}
