/**
 * Recipients of a message: the same rings and gateways as for membership, but among members of our
 * kind only, and within the disclosure rules of the author (spec B 2.4).
 */
import { disclosePush } from "../../core/rules/disclosure.ts";
import { findNeighbours, type Neighbours } from "../../core/rules/neighbours.ts";
import type { Now, PkiId } from "../../core/types/host.ts";
import { charge, isSpent } from "../../lib/rate-limit.ts";
import { type Filter, isOfOrganisation } from "../rules/filter.ts";
import { createRing, ownersOf } from "../rules/ring.ts";
import type { MessagingEffect } from "../types/effect.ts";
import type { Participant } from "../types/host.ts";
import type { Messaging } from "./state.ts";

/** Gateways to other organisations: one may be gone, another leaving. */
const ENTRANCES = 3;

/** What decides how far a message may travel. */
interface Travelling {
  readonly author: PkiId;
  readonly mspId: string;
  readonly isExternal: boolean;
  readonly filter: Filter;
}

/** Whether this member may receive it. */
export function mayHave(messaging: Messaging, message: Travelling, peer: Participant): boolean {
  const { mspId } = messaging.options.directory.self();
  return isOfOrganisation(message.filter, peer) && disclosePush(mspId, message, peer) !== "hidden";
}

/** The members to which we relay it. */
export function audienceOf(
  messaging: Messaging,
  message: Travelling,
  now: Now,
): readonly Participant[] {
  const { directory } = messaging.options;
  const self = directory.self();
  if (message.author === self.pkiId && !isOfOrganisation(message.filter, self)) {
    return entrances(messaging, message);
  }
  const { home, homeExternal, abroad } = neighboursOf(messaging, now);
  const isOurs = message.mspId === self.mspId;
  const ids = isOurs
    ? [...home.flat(), ...[...abroad.values()].flat()]
    : [...homeExternal.flat(), ...(abroad.get(message.mspId) ?? [])];
  const found: Participant[] = [];
  for (const pkiId of new Set(ids)) {
    const peer = directory.find(pkiId);
    if (peer && pkiId !== message.author && mayHave(messaging, message, peer)) found.push(peer);
  }
  return found;
}

/** A few members of each addressed organisation except ours. */
function entrances(messaging: Messaging, message: Travelling): readonly Participant[] {
  const others = messaging.options.directory.others();
  return (message.filter.organisations ?? []).flatMap((mspId) => {
    const theirs = others.filter(
      (peer) => peer.mspId === mspId && mayHave(messaging, message, peer),
    );
    return ownersOf(createRing(theirs), message.author, ENTRANCES);
  });
}

function neighboursOf(messaging: Messaging, now: Now): Neighbours {
  const { directory } = messaging.options;
  const epochs = directory.epochs(now);
  const of = `${directory.version()} ${epochs}`;
  if (messaging.neighbourhood.of !== of) {
    const neighbours = findNeighbours(directory.self(), directory.others(), epochs);
    messaging.neighbourhood = { neighbours, of };
  }
  return messaging.neighbourhood.neighbours;
}

/**
 * Sends as much as the link can take beside heartbeats; the rest arrives by another neighbour, or
 * is fetched later.
 */
export function sendTo(
  { rateLimits }: Messaging,
  { pkiId, endpoint }: Participant,
  messages: readonly Uint8Array[],
  now: Now,
): readonly MessagingEffect[] {
  const sent: Uint8Array[] = [];
  for (const message of messages) {
    if (isSpent(rateLimits.sent, pkiId, now)) break;
    charge(rateLimits.sent, pkiId, message.length, now);
    sent.push(message);
  }
  return sent.length === 0 ? [] : [{ type: "send", to: pkiId, endpoint, messages: sent }];
}
