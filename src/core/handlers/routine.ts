/** Heartbeats that only confirm their author: gathered, so that they are checked and passed on together. */
import { isSpent } from "../../lib/rate-limit.ts";
import { equalBytes } from "../../wire/bytes.ts";
import type { Alive } from "../../wire/received.ts";
import { remember } from "../tables/broadcast-queue.ts";
import { isToRelay } from "../tables/members.ts";
import { enqueueRoutine } from "../tables/routine-queue.ts";
import type { AliveClaim } from "../types/claim.ts";
import type { Member } from "../types/member.ts";
import { accountOf, isSelf } from "./check.ts";
import type { Core } from "./state.ts";

/**
 * Lets a gossiped message wait for others, if it is routine. False: it is not, or another one of its
 * author waits. Then it is heard at once, so that no forgery can hold up a true message.
 */
export function gather(core: Core, claim: AliveClaim, intervalMs: number): boolean {
  const { members, rateLimits, routine, seenCache, suspicions } = core;
  const { alive, from } = claim;
  const { pkiId, time } = alive;
  const member = members.table.get(pkiId);
  if (member === undefined || !isRoutine(member, alive) || !isToRelay(members, pkiId, time)) {
    return false;
  }
  if (suspicions.open.has(pkiId) || routine.waiting.has(pkiId) || isSelf(core, pkiId)) return false;
  if (isSpent(rateLimits.checks, accountOf(core, from), core.now)) return false;
  const { bytes } = enqueueRoutine(routine, claim, intervalMs, core.now).alive.envelope;
  remember(seenCache, { author: pkiId, time, bytes }, core.now);
  return true;
}

/** Whether it only confirms a member that nobody suspects. */
function isRoutine(member: Member, alive: Alive): boolean {
  const { endpoint, identity, internalEndpoint, metadata, time } = alive;
  return (
    member.status === "alive" &&
    !member.isSuspect &&
    !member.isCutOff &&
    identity.length === 0 &&
    time.incNum === member.time.incNum &&
    time.seqNum > member.time.seqNum &&
    endpoint === member.endpoint &&
    (internalEndpoint === undefined || internalEndpoint === member.internalEndpoint) &&
    equalBytes(metadata, member.metadata)
  );
}
