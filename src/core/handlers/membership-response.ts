import type { MembershipResponse } from "../../wire/messages.ts";
import { parseAlive } from "../../wire/received.ts";
import { contactAnswered } from "../tables/contacts.ts";
import { enqueueList, finishList, type ListClaim } from "../tables/verification-queue.ts";
import type { DropCode } from "../types/drop.ts";
import { drop, type Effect } from "../types/effect.ts";
import type { PkiId } from "../types/host.ts";
import { hear } from "./alive.ts";
import type { Core } from "./state.ts";

/** Queues a response, which is processed a few entries at a time (see verification.ts). */
export function handleMembershipResponse(
  core: Core,
  response: MembershipResponse,
  nonce: bigint,
  from: PkiId,
): readonly Effect[] {
  contactAnswered(core.contacts, from, nonce);
  return enqueueList(core.verificationQueue, from, response) ? [] : [drop(from, "backlog-full")];
}

/** Entries of a list that are read for each one that may be verified. Reading takes about 3 us. */
const READS_PER_CHECK = 16;

/** Number of useless entries after which a list is abandoned. */
const FAULTS_MAX = 100;

/** Continues a membership response; returns the remaining checks of this step. */
export function workThrough(
  core: Core,
  list: ListClaim,
  checks: number,
  effects: Effect[],
): number {
  const { from, entries, dropped } = list;
  let readsLeft = checks * READS_PER_CHECK;
  while (list.done < entries.length && readsLeft >= READS_PER_CHECK) {
    readsLeft -= considerEntry(core, list, effects) ? READS_PER_CHECK : 1;
  }
  if (list.done >= entries.length) {
    finishList(core.verificationQueue, list);
    core.hasList = true;
    for (const [code, times] of dropped) effects.push(drop(from, code, times));
  }
  return Math.floor(readsLeft / READS_PER_CHECK);
}

/** Processes the next entry of a list; true if a signature was checked. */
function considerEntry(core: Core, list: ListClaim, effects: Effect[]): boolean {
  const bytes = list.entries[list.done];
  const source = list.done < list.living ? "listed-alive" : "listed-dead";
  list.done += 1;
  if (bytes === undefined) return false;
  const alive = parseAlive(bytes, core.options.read);
  if (!alive.ok) {
    // A list with so many useless entries is abandoned.
    if (count(list.dropped, alive.code) >= FAULTS_MAX) list.done = list.entries.length;
    return false;
  }
  const claim = { type: "alive", from: list.from, source, alive: alive.value } as const;
  const heard = hear(core, claim);
  for (const effect of heard.effects) effects.push(effect);
  if (!heard.isChecked) return false; // Known: not worth a report.
  if (heard.fault !== undefined) count(list.dropped, heard.fault);
  if (heard.fault === "check-budget") list.done = list.entries.length;
  return true;
}

function count(dropped: Map<DropCode, number>, code: DropCode): number {
  const times = (dropped.get(code) ?? 0) + 1;
  dropped.set(code, times);
  return times;
}
