/**
 * From claim to knowledge: checks claims one by one and applies those that hold. What follows from
 * a new identity, and from one that is not trusted any more, is decided here too.
 */

import { parseAlive } from "../rules/read-alive.ts";
import { type DropCode, judgeIdentity } from "../rules/verify.ts";
import { type Core, isOurCertificate, isSelf } from "../state.ts";
import { isToRelay } from "../tables/members.ts";
import { quicken } from "../tables/poll-backoff.ts";
import { offer, shunFrom, want } from "../tables/pull.ts";
import {
  type AliveClaim,
  type Claim,
  type ListClaim,
  nextClaim,
  setAside,
} from "../tables/verification-queue.ts";
import { drop, type Effect } from "../types/effect.ts";
import type { Now, PkiId } from "../types/host.ts";
import { applyVerified } from "./apply.ts";
import { type CheckFault, checkAlive, checkIdentity } from "./check.ts";
import { learn, purge } from "./learn-identity.ts";
import { isWorthChecking } from "./membership-response.ts";
import { considerOwn, tellTwin } from "./own-messages.ts";

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
): CheckFault | "stale" | "own-message" | undefined {
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
  const { author } = verified.value;
  if (isOurCertificate(core, author)) {
    effects.push(...tellTwin(core, alive));
    return "own-message";
  }
  effects.push(...learn(core, author, "alive", now, alive.time));
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
  if (isOurCertificate(core, author)) return [drop(from, "own-message")];
  const effects = learn(core, author, "pull", now);
  quicken(core.pullPace, core.options, now);
  if (core.identities.table.has(author.pkiId)) offer(core.pull, author.pkiId, claim.envelope.bytes);
  return effects;
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
