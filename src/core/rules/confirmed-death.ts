/** What a message says of a member whose death a ping has confirmed: was it sent before, or after? */
import type { PeerTime } from "../../wire/messages.ts";
import { isNewer } from "../../wire/received.ts";
import type { Now } from "../types/host.ts";
import type { Member } from "../types/member.ts";
import type { CoreOptions } from "../types/options.ts";

/** What arrives by gossip so soon after a death was confirmed may have been sent before it. */
function isOnTheWay({ sinceMs }: Member, { timing }: CoreOptions, now: Now): boolean {
  return now.elapsedMs - sinceMs <= timing.aliveIntervalMs;
}

/**
 * Whether a member that a ping found gone has said this afterwards: nothing as new was known when it
 * died or soon after, or it comes from a process that was started later.
 */
export function isSaidSince(dead: Member, time: PeerTime, options: CoreOptions, now: Now): boolean {
  const { knownAtDeath } = dead;
  if (knownAtDeath === undefined || time.incNum > knownAtDeath.incNum) return true;
  return isNewer(time, knownAtDeath) && !isOnTheWay(dead, options, now);
}

/** Only for a while: later, whoever tells of a message early would make its arrival prove nothing. */
export function knownAtDeathOf(
  member: Member,
  time: PeerTime,
  options: CoreOptions,
  now: Now,
): PeerTime | undefined {
  const { knownAtDeath } = member;
  if (time.incNum !== knownAtDeath?.incNum || !isNewer(time, knownAtDeath)) return knownAtDeath;
  return isOnTheWay(member, options, now) ? time : knownAtDeath;
}

/**
 * Whether a member that could not be reached, and is heard of with this time, must be taken for one that
 * we cannot reach: not if it was started anew, or its next death would go unnoticed until its silence
 * had lasted too long.
 */
export function isStillCutOff({ knownAtDeath, time }: Member, heard: PeerTime): boolean {
  return heard.incNum <= (knownAtDeath ?? time).incNum;
}
