/** Heartbeats that only confirm their author: gathered, so that they are checked and passed on together. */
import { equalBytes } from "../../wire/bytes.ts";
import type { Alive } from "../../wire/received.ts";
import { confirmMember } from "../tables/confirm.ts";
import { isOnlyName } from "../tables/identities.ts";
import { patienceMs } from "../tables/lateness.ts";
import { isUnrelayed } from "../tables/members.ts";
import { enqueueRoutine, type Routine } from "../tables/routine-queue.ts";
import { isForming } from "../tables/self.ts";
import { isSuspected } from "../tables/suspicion.ts";
import type { AliveClaim } from "../types/claim.ts";
import { drop, type Effect } from "../types/effect.ts";
import type { Identity } from "../types/host.ts";
import type { Member } from "../types/member.ts";
import { passOn, routineIntervalMs } from "./audience.ts";
import { heartbeatFault, isSelf } from "./check.ts";
import type { Core } from "./state.ts";

const NOTHING: readonly Effect[] = [];

/**
 * Whether heartbeats wait for each other, but none is lost: whoever has been silent for a while has hardly
 * spoken since.
 */
export function isGathering(core: Core): boolean {
  const { members, now, self } = core;
  return !isForming(self, members.aliveCount, now) && routineIntervalMs(core) !== undefined;
}

/** Lets a gossiped message wait for others. False: it is not routine, and is heard at once. */
export function gather(core: Core, claim: AliveClaim, member: Member, intervalMs: number): boolean {
  const { members, routine, suspicions } = core;
  const { pkiId, time } = claim.alive;
  if (!isRoutine(member, claim.alive) || !isUnrelayed(member, time)) return false;
  if (isSuspected(suspicions, pkiId) || isSelf(core, pkiId)) return false;
  const waitMs = isLate(core, member) ? LATE_WAIT_MS : intervalMs;
  const { replacements } = members;
  enqueueRoutine(routine, claim, { member, replacements }, waitMs, core.now);
  return true;
}

/**
 * Heartbeat intervals between two of a member, above which the second has waited enough on its way. Were it the
 * last one, whoever hears it late would doubt late; and in vain, should it come later still.
 */
const LATE = 1.2;
/** Only for what comes with it. */
const LATE_WAIT_MS = 1;

function isLate({ lateness, now, options }: Core, { heardMs }: Member): boolean {
  const lateMs = options.timing.aliveIntervalMs * LATE + patienceMs(lateness, now);
  return now.elapsedMs - heardMs > lateMs;
}

/**
 * Checks one that has waited; if it holds, its member lives still, and it is passed on. Undefined: it is
 * not routine any more, and must be heard as others are. The same follows from it there, but most of it
 * need not be looked at here, and in a network of 1,000 members 200 a second are heard. `waiting`: what was
 * known when it came.
 */
export function confirm(
  core: Core,
  { alive, from }: AliveClaim,
  waiting?: Pick<Routine, "member" | "replacements">,
): readonly Effect[] | undefined {
  const { members, now } = core;
  const isAsItWas = waiting?.replacements === members.replacements;
  const member = isAsItWas ? waiting.member : members.table.get(alive.pkiId);
  if (member === undefined || !(isAsItWas || isRoutine(member, alive))) return undefined;
  if (!isPlain(core, member.author, alive)) return undefined;
  const fault = heartbeatFault(core, member.author, alive.envelope, member, from);
  if (fault !== undefined) return [drop(from, fault)];
  confirmMember(members, member, alive, now);
  passOn(core, member, alive.envelope, from, alive.time.seqNum);
  return NOTHING;
}

/** Whether its author has no other name, and may be known to us whatever the message says. */
function isPlain({ identities, names, now, options, self }: Core, author: Identity, alive: Alive) {
  const { certificate, mspId } = author;
  const { lastWords } = names;
  if (certificate === options.self.certificate) return false;
  if (lastWords.size > 0 && lastWords.has(certificate)) return false;
  if (!isOnlyName(identities, author, now)) return false;
  if (mspId === options.self.mspId) return true;
  const isDisclosed = alive.endpoint !== "" && self.externalEndpoint !== "";
  return isDisclosed && alive.envelope.secret === undefined;
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
