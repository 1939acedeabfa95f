/** Our own queries that wait for answers. */
import type { PkiId } from "../../core/types/host.ts";

export interface OwnQuery {
  readonly token: number;
  readonly sequence: bigint;
  /** Who has not answered. */
  readonly waitsFor: Set<PkiId>;
  /** Elapsed time at which it ends. */
  readonly untilMs: number;
}

export interface Queries {
  readonly bySequence: Map<bigint, OwnQuery>;
}

export function createQueries(): Queries {
  return { bySequence: new Map() };
}

export function openQuery({ bySequence }: Queries, query: OwnQuery): void {
  bySequence.set(query.sequence, query);
}

/** The query that this member may still answer; from now on it may not. */
export function takeAnswer(
  { bySequence }: Queries,
  sequence: bigint,
  from: PkiId,
): OwnQuery | undefined {
  const query = bySequence.get(sequence);
  return query?.waitsFor.delete(from) ? query : undefined;
}

export function endQuery({ bySequence }: Queries, query: OwnQuery): void {
  bySequence.delete(query.sequence);
}

export function nextQueryEndMs({ bySequence }: Queries): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { untilMs } of bySequence.values()) next = Math.min(next, untilMs);
  return next;
}
