/**
 * Heartbeats of known members that say nothing new. They wait for each other: a signature checked
 * right after another costs half of one checked alone, and what is checked together leaves together.
 */
import { equalBytes } from "../../wire/bytes.ts";
import { type Alive, ownedAlive } from "../../wire/received.ts";
import type { AliveClaim } from "../types/claim.ts";
import type { Now, PkiId } from "../types/host.ts";
import type { Member } from "../types/member.ts";

export interface Routine {
  readonly claim: AliveClaim;
  /** Other senders of the same bytes. */
  readonly holders: PkiId[];
  /** Its author when it came. */
  readonly member: Member;
  /** That of {@link Members} when it came: while it is the same, so is `member`. */
  readonly replacements: number;
}

export interface RoutineQueue {
  /**
   * By author; of each one message, so that there are no more than members. Another map whenever it has become
   * empty: an engine that collects garbage by age keeps all that an old map has held, and has it copied.
   */
  waiting: Map<PkiId, Routine>;
  /** When they are checked, in elapsed milliseconds; Infinity: none waits. */
  dueMs: number;
}

/** Size of a batch that does not wait any longer. */
export const ROUTINE_BATCH = 64;

export function createRoutineQueue(): RoutineQueue {
  return { waiting: new Map(), dueMs: Number.POSITIVE_INFINITY };
}

/** The next multiple of the interval. Members of one process share these moments. */
function nextMomentMs(intervalMs: number, { elapsedMs }: Now): number {
  return (Math.floor(elapsedMs / intervalMs) + 1) * intervalMs;
}

/**
 * Keeps a copy of the claim until the next moment or until a batch is complete. The
 * member it confirms has the same texts.
 */
export function enqueueRoutine(
  queue: RoutineQueue,
  claim: AliveClaim,
  { member, replacements }: Pick<Routine, "member" | "replacements">,
  intervalMs: number,
  now: Now,
): void {
  queue.dueMs = Math.min(queue.dueMs, nextMomentMs(intervalMs, now));
  const alive = ownedAlive(claim.alive, member);
  const owned = alive === claim.alive ? claim : { ...claim, alive };
  queue.waiting.set(member.pkiId, { claim: owned, holders: [], member, replacements });
  if (queue.waiting.size >= ROUTINE_BATCH) queue.dueMs = now.elapsedMs;
}

/** Removes and returns the oldest entries, so many at most. */
export function takeRoutines(queue: RoutineQueue, max: number): readonly Routine[] {
  const taken: Routine[] = [];
  for (const routine of queue.waiting.values()) {
    if (taken.length === max) break;
    taken.push(routine);
  }
  if (taken.length === queue.waiting.size) empty(queue);
  else for (const { claim } of taken) queue.waiting.delete(claim.alive.pkiId);
  return taken;
}

function empty(queue: RoutineQueue): void {
  queue.waiting = new Map();
  queue.dueMs = Number.POSITIVE_INFINITY;
}

/** Removes what waits of this author. */
export function forgetRoutine(queue: RoutineQueue, author: PkiId): void {
  if (queue.waiting.size > 1 || !queue.waiting.has(author)) queue.waiting.delete(author);
  else empty(queue);
}

/** Whether that message waits. */
export function isSame({ claim }: Routine, { envelope }: Alive): boolean {
  return equalBytes(claim.alive.envelope.bytes, envelope.bytes);
}
