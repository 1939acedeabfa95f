/**
 * From claim to knowledge: checks claims one by one and applies those that hold. What follows from
 * a new identity, and from one that is not trusted any more, is decided here too.
 */

import { aliveKey, hasten, noteHolder } from "../tables/broadcast-queue.ts";
import { forgiveItems } from "../tables/pull.ts";
import { type Routine, takeRoutines } from "../tables/routine-queue.ts";
import { enqueueRejudge, takeClaim, takeRejudged } from "../tables/verification-queue.ts";
import type { Effect } from "../types/effect.ts";
import type { PkiId } from "../types/host.ts";
import { hearOne } from "./alive.ts";
import { judgeIdentity } from "./check.ts";
import { hearIdentity } from "./identity-pull.ts";
import { purge } from "./learn-identity.ts";
import { workThrough } from "./membership-response.ts";
import { confirm } from "./routine.ts";
import type { Core } from "./state.ts";

/** Checks as many queued claims as a step allows. */
export function drainVerificationQueue(core: Core): readonly Effect[] {
  const effects: Effect[] = [];
  let checksLeft = core.options.limits.checksPerStep;
  for (; checksLeft > 0; checksLeft--) {
    const found = checkNext(core);
    if (found === undefined) break;
    effects.push(...found);
  }
  for (const list of core.verificationQueue.lists.values()) {
    if (checksLeft === 0) break;
    checksLeft = workThrough(core, list, checksLeft, effects);
  }
  return effects;
}

/** Changed trust comes first, then claims; undefined: neither is left. */
function checkNext(core: Core): readonly Effect[] | undefined {
  const pkiId = takeRejudged(core.verificationQueue);
  if (pkiId !== undefined) return rejudge(core, pkiId);
  const claim = takeClaim(core.verificationQueue);
  if (claim === undefined) return undefined;
  return claim.type === "alive" ? hearOne(core, claim) : hearIdentity(core, claim);
}

/** Checks as many routine heartbeats as one step may. When all are done, what follows from them leaves. */
export function checkRoutine(core: Core): readonly Effect[] {
  const { broadcastQueue, options, routine } = core;
  const effects: Effect[] = [];
  for (const waiting of takeRoutines(routine, options.limits.checksPerStep)) {
    for (const effect of hearWaiting(core, waiting)) effects.push(effect);
    const key = aliveKey(waiting.claim.alive.pkiId);
    for (const holder of waiting.holders) noteHolder(broadcastQueue, key, holder);
  }
  if (routine.waiting.size === 0) hasten(broadcastQueue, core.now);
  return effects;
}

/** One that has waited. If whoever brought it has spent its budget, another one that sent the same pays for the check. */
function hearWaiting(core: Core, waiting: Routine): readonly Effect[] {
  const { claim, holders } = waiting;
  let heard = confirm(core, claim, waiting) ?? hearOne(core, claim);
  if (!isUnpaid(heard)) return heard;
  const effects = [...heard];
  for (const from of holders) {
    if (!isUnpaid(heard)) break;
    const next = { ...claim, from };
    heard = confirm(core, next, waiting) ?? hearOne(core, next);
    effects.push(...heard);
  }
  return effects;
}

function isUnpaid(effects: readonly Effect[]): boolean {
  const first = effects[0];
  return first?.type === "drop" && first.code === "check-budget";
}

/** Trust changed: every identity is judged again, a few in each step. Our own is the host's affair. */
export function rejudgeAll(core: Core): readonly Effect[] {
  const { identities, options, verificationQueue } = core;
  const others = [...identities.table.keys()].filter((pkiId) => pkiId !== options.self.pkiId);
  enqueueRejudge(verificationQueue, others);
  forgiveItems(core.pull);
  return [];
}

function rejudge(core: Core, pkiId: PkiId): readonly Effect[] {
  const known = core.identities.table.get(pkiId);
  if (known === undefined) return [];
  const verdict = judgeIdentity(core.options.crypto, known.identity.bytes, pkiId, core.now);
  if (verdict.ok) return [];
  if (verdict.code === "identity-expired") return purge(core, pkiId, "expired");
  return purge(core, pkiId, verdict.code === "identity-revoked" ? "revoked" : "invalid");
}
