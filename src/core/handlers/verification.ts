/**
 * From claim to knowledge: checks claims one by one and applies those that hold. What follows from
 * a new identity, and from one that is not trusted any more, is decided here too.
 */

import { judgeIdentity } from "../rules/messages.ts";
import { nextClaim } from "../tables/verification-queue.ts";
import type { Effect } from "../types/effect.ts";
import type { Now, PkiId } from "../types/host.ts";
import { hearOne } from "./alive.ts";
import { hearIdentity } from "./identity-pull.ts";
import { purge } from "./learn-identity.ts";
import { workThrough } from "./membership-response.ts";
import type { Core } from "./state.ts";

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
    const heard =
      claim.type === "alive" ? hearOne(core, claim, now) : hearIdentity(core, claim, now);
    effects.push(...heard);
  }
  for (const list of claims.lists.values()) {
    if (checksLeft === 0) break;
    checksLeft = workThrough(core, list, checksLeft, effects, now);
  }
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
