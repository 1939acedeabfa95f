/** Queries: our own, which wait for answers, and our answers to those of others. */
import type { PkiId } from "../../core/types/host.ts";

interface OwnQuery {
  readonly token: number;
  readonly sequence: bigint;
  /** Members that have not answered. */
  readonly waitsFor: Set<PkiId>;
  /** Elapsed time at which it ends. */
  readonly untilMs: number;
  /** Elapsed time at which silent members are asked again, and the pause after all of them. */
  repeatAtMs: number;
  repeatPauseMs: number;
  /** Whom the present round has not asked again yet. */
  toRepeat: readonly PkiId[];
}

/** An answer of ours as it was sent. */
interface GivenAnswer {
  readonly bytes: Uint8Array;
  /** Elapsed time at which the query ends. */
  readonly untilMs: number;
}

export interface Queries {
  readonly bySequence: Map<bigint, OwnQuery>;
  /** By author and name of the query, the oldest first; at most {@link GIVEN_MAX}. */
  readonly given: Map<string, GivenAnswer>;
  givenBytes: number;
}

/** Maximum answers kept for repetition. */
const GIVEN_MAX = 1_000;
const GIVEN_BYTES_MAX = 4_194_304;
/** An answer takes a few round trips; without one by then, it or the query was lost. */
const REPEAT_MS = 500;
const REPEAT_PAUSE_MS_MAX = 8_000;
/** Members asked again in parallel, since asking opens connections, and the pause until the next ones. */
const REPEATED_MAX = 50;
const REPEATED_PAUSE_MS = 250;

export function createQueries(): Queries {
  return { bySequence: new Map(), given: new Map(), givenBytes: 0 };
}

export function openQuery(
  { bySequence }: Queries,
  query: Omit<OwnQuery, "repeatAtMs" | "repeatPauseMs" | "toRepeat">,
  elapsedMs: number,
): void {
  const repeatAtMs = elapsedMs + REPEAT_MS;
  const repeat = { repeatAtMs, repeatPauseMs: REPEAT_MS, toRepeat: [] };
  bySequence.set(query.sequence, { ...query, ...repeat });
}

/** The query that this member may still answer, once. */
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

/** Members to ask again now: all silent ones in turn, then a pause that doubles. */
export function takeUnanswered(query: OwnQuery, elapsedMs: number): readonly PkiId[] {
  if (query.repeatAtMs > elapsedMs) return [];
  const { waitsFor, toRepeat } = query;
  const round = toRepeat.length > 0 ? toRepeat : [...waitsFor];
  const silent = round.filter((member) => waitsFor.has(member));
  query.toRepeat = silent.slice(REPEATED_MAX);
  if (query.toRepeat.length > 0) {
    query.repeatAtMs = elapsedMs + REPEATED_PAUSE_MS;
  } else {
    query.repeatPauseMs = Math.min(2 * query.repeatPauseMs, REPEAT_PAUSE_MS_MAX);
    query.repeatAtMs = elapsedMs + query.repeatPauseMs;
  }
  return silent.slice(0, REPEATED_MAX);
}

/** Keeps an answer as long as its query runs. */
export function keepAnswer(queries: Queries, key: string, answer: GivenAnswer): void {
  queries.given.set(key, answer);
  queries.givenBytes += answer.bytes.length;
  for (const oldest of queries.given.keys()) {
    if (queries.given.size <= GIVEN_MAX && queries.givenBytes <= GIVEN_BYTES_MAX) break;
    releaseAnswer(queries, oldest);
  }
}

/** Our answer to this query, while the query runs. */
export function findAnswer(
  queries: Queries,
  key: string,
  elapsedMs: number,
): Uint8Array | undefined {
  const answer = queries.given.get(key);
  if (answer === undefined || answer.untilMs > elapsedMs) return answer?.bytes;
  releaseAnswer(queries, key);
  return undefined;
}

function releaseAnswer(queries: Queries, key: string): void {
  queries.givenBytes -= queries.given.get(key)?.bytes.length ?? 0;
  queries.given.delete(key);
}

/** When the next query needs attention. */
export function nextQueryMs({ bySequence }: Queries): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { untilMs, repeatAtMs } of bySequence.values()) {
    next = Math.min(next, untilMs, repeatAtMs);
  }
  return next;
}
