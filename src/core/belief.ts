/**
 * From claim to knowledge: checks claims one by one and applies those that hold. What follows from
 * a new identity, and from one that is not trusted any more, is decided here too.
 */
import type { Identity, Now, PkiId } from "./abilities.ts";
import { parseAlive } from "./alive.ts";
import { applyVerified } from "./apply.ts";
import { type CheckFault, checkAlive, checkIdentity } from "./check.ts";
import {
  type AliveClaim,
  type Claim,
  dropAside,
  enqueueClaim,
  type ListClaim,
  nextClaim,
  setAside,
  takeAside,
} from "./claims.ts";
import { contactPkiId } from "./contacts.ts";
import { drop, type Effect, notify } from "./effect.ts";
import type { LearntFrom, PurgeReason } from "./event.ts";
import { findVictim, learnIdentity, otherIdOf, removeIdentity } from "./identities.ts";
import { forgetMember, isToRelay } from "./membership.ts";
import { considerOwn } from "./own-messages.ts";
import { quicken } from "./pace.ts";
import { offer, rest, shun, shunFrom, want } from "./pull.ts";
import { type Core, isSelf } from "./state.ts";
import { isWorthChecking } from "./sync.ts";
import { type DropCode, judgeIdentity } from "./verify.ts";

/** Entries of a list that are read for each one that may be verified. Reading takes about 3 us. */
const READS_PER_CHECK = 16;
/** A list with so many useless entries is not read to its end. */
const FAULTS_MAX = 100;

/** Checks as many waiting claims as one step may; trust that has changed comes first. */
export function checkClaims(core: Core, now: Now): readonly Effect[] {
  const { claims, options } = core;
  const effects: Effect[] = [];
  let checksLeft = options.limits.checksPerStep;
  for (const pkiId of claims.rejudge) {
    if (checksLeft === 0) return effects;
    checksLeft -= 1;
    claims.rejudge.delete(pkiId);
    effects.push(...rejudge(core, pkiId, now));
  }
  for (; checksLeft > 0; checksLeft--) {
    const claim = nextClaim(claims);
    if (claim === undefined) break;
    effects.push(...believe(core, claim, now));
  }
  for (const list of claims.lists.values()) {
    if (checksLeft === 0) break;
    checksLeft = workThrough(core, list, checksLeft, effects, now);
  }
  return effects;
}

/** Goes on with a membership response; returns how many checks are left for others. */
function workThrough(
  core: Core,
  list: ListClaim,
  checks: number,
  effects: Effect[],
  now: Now,
): number {
  const { from, entries, dropped } = list;
  let readsLeft = checks * READS_PER_CHECK;
  while (list.done < entries.length && readsLeft >= READS_PER_CHECK) {
    readsLeft -= considerEntry(core, list, effects, now) ? READS_PER_CHECK : 1;
  }
  if (list.done >= entries.length) {
    core.claims.lists.delete(from);
    for (const [code, times] of dropped) effects.push(drop(from, code, times));
  }
  return Math.floor(readsLeft / READS_PER_CHECK);
}

/** Looks at the next entry of a list; true if that took a signature check. */
function considerEntry(core: Core, list: ListClaim, effects: Effect[], now: Now): boolean {
  const entry = list.entries[list.done];
  list.done += 1;
  if (entry === undefined) return false;
  const [bytes, source] = entry;
  const alive = parseAlive(bytes);
  if (!alive.ok) {
    // Who sends so much rubbish has nothing to say.
    if (count(list.dropped, alive.code) >= FAULTS_MAX) list.done = list.entries.length;
    return false;
  }
  if (isSelf(core, alive.value.pkiId)) {
    effects.push(...considerOwn(core, alive.value, list.from, now));
  }
  if (!isWorthChecking(core, alive.value, source, list.from, now)) return false;
  const claim = { type: "alive", from: list.from, source, alive: alive.value } as const;
  const fault = believeAlive(core, claim, effects, now);
  if (fault !== undefined) count(list.dropped, fault);
  if (fault === "check-budget") list.done = list.entries.length;
  return true;
}

function count(dropped: Map<DropCode, number>, code: DropCode): number {
  const times = (dropped.get(code) ?? 0) + 1;
  dropped.set(code, times);
  return times;
}

/** Checks one claim and applies it if it holds. */
export function believe(core: Core, claim: Claim, now: Now): readonly Effect[] {
  if (claim.type === "identity") return believeIdentity(core, claim, now);
  const effects: Effect[] = [];
  const fault = believeAlive(core, claim, effects, now);
  return fault === undefined ? effects : [...effects, drop(claim.from, fault)];
}

/** Adds what follows to the effects; returns why the claim was not used, if so. */
function believeAlive(
  core: Core,
  claim: AliveClaim,
  effects: Effect[],
  now: Now,
): CheckFault | "stale" | undefined {
  const { alive, from, source } = claim;
  const isWorthwhile =
    source === "gossip"
      ? isToRelay(core.members, alive.pkiId, alive.time)
      : isWorthChecking(core, alive, source, from, now);
  if (!isWorthwhile) return "stale";

  const verified = checkAlive(core, alive, from, now);
  if (!verified.ok) {
    if (verified.code === "identity-unknown") {
      if (setAside(core.claims, claim, now)) want(core.pull, alive.pkiId, from, now);
    }
    return verified.code;
  }
  effects.push(...learn(core, verified.value.author, "alive", now));
  effects.push(...applyVerified(core, verified.value, source, from, now));
  return undefined;
}

function believeIdentity(
  core: Core,
  { item, from }: Extract<Claim, { type: "identity" }>,
  now: Now,
): readonly Effect[] {
  if (isSelf(core, item.pkiId)) return [drop(from, "own-message")];
  const verified = checkIdentity(core, item, from, now);
  if (!verified.ok) {
    if (verified.code !== "check-budget") shunFrom(core.pull, item.pkiId, from, now);
    return [drop(from, verified.code)];
  }
  const { author, claim } = verified.value;
  const effects = learn(core, author, "pull", now);
  quicken(core.pullPace, core.options, now);
  if (core.identities.table.has(author.pkiId)) offer(core.pull, author.pkiId, claim.envelope.bytes);
  return effects;
}

/** Learns a valid identity. Whatever was kept aside for it is checked next. */
export function learn(
  core: Core,
  identity: Identity,
  learntFrom: LearntFrom,
  now: Now,
): readonly Effect[] {
  const { limits, timing } = core.options;
  const { identities } = core;
  const { pkiId } = identity;
  if (identities.table.has(pkiId)) return [];
  if (identity.notAfterMs <= now.wallMs) return [drop(pkiId, "identity-expired")];
  const effects: Effect[] = [];
  const other = otherIdOf(identities, identity);
  if (other !== undefined) {
    if (!mayReplace(core, other, learntFrom)) return [drop(pkiId, "certificate-in-use")];
    effects.push(...purge(core, other, "replaced", now));
  } else if (identities.table.size >= limits.identitiesMax) {
    const victim = makeRoom(core, identity.mspId);
    if (victim === undefined) return [drop(pkiId, "identities-full")];
    effects.push(...purge(core, victim, "unused", now));
  }
  effects.push(...learnIdentity(identities, identity, learntFrom, now));
  const waiting = takeAside(core.claims, pkiId, timing.aliveExpiryMs, now);
  if (waiting !== undefined) enqueueClaim(core.claims, waiting, limits.backlogMax);
  return effects;
}

/**
 * Whether an identity may take the place of another one with the same certificate: its owner must
 * show itself under the new name, since what was signed under an old one can be passed on for ever.
 */
function mayReplace({ members, options }: Core, other: PkiId, learntFrom: LearntFrom): boolean {
  if (other === options.self.pkiId) return false;
  return learntFrom === "handshake" || members.table.get(other)?.status !== "alive";
}

/** Who is dead or was never a member gives way; if there is nobody, one of the many of the largest. */
function makeRoom({ identities, members, contacts, options }: Core, mspId: string) {
  const contactIds = new Set(contacts.map(contactPkiId));
  return findVictim(
    identities,
    mspId,
    (pkiId) => members.table.get(pkiId)?.status !== "alive",
    (pkiId) => pkiId === options.self.pkiId || contactIds.has(pkiId),
  );
}

/** Trust changed: every identity is judged again, a few in each step. Our own is the host's affair. */
export function rejudgeAll(core: Core): readonly Effect[] {
  for (const pkiId of core.identities.table.keys()) {
    if (pkiId !== core.options.self.pkiId) core.claims.rejudge.add(pkiId);
  }
  core.pull.shunned.clear(); // What was refused before may be welcome now.
  return [];
}

function rejudge(core: Core, pkiId: PkiId, now: Now): readonly Effect[] {
  const known = core.identities.table.get(pkiId);
  if (known === undefined) return [];
  const verdict = judgeIdentity(core.options.crypto, known.identity.bytes, pkiId, now);
  if (verdict.ok) return [];
  if (verdict.code === "identity-expired") return purge(core, pkiId, "expired", now);
  return purge(core, pkiId, verdict.code === "identity-revoked" ? "revoked" : "invalid", now);
}

/**
 * Forgets an identity and everything that rests on it, in one step, so that no order of events can
 * leave a part behind: the identity, the item offered to others, claims that wait for it, the
 * member and its connections (spec C 7.7).
 */
export function purge(core: Core, pkiId: PkiId, reason: PurgeReason, now: Now): readonly Effect[] {
  const { forgetAfterMs, identityUnusedMs } = core.options.timing;
  const identity = removeIdentity(core.identities, pkiId);
  core.pull.offered.delete(pkiId);
  dropAside(core.claims, pkiId);
  if (reason === "unused") rest(core.pull, pkiId, identityUnusedMs, now);
  else shun(core.pull, pkiId, now);
  const forgotten = forgetMember(core.members, pkiId, reason, forgetAfterMs, now);
  if (identity === undefined) return forgotten;
  return [
    notify({ type: "identity-purged", identity, reason }),
    ...forgotten,
    { type: "disconnect", pkiId, reason: `identity purged: ${reason}` },
  ];
}
