/** Asks every member what it sees, and says in short what that amounts to. */
import type { Connection, Member } from "../observe/views.ts";
import type { MemberRow, Supervisor } from "./supervisor.ts";

/** Answers by name; who does not run, or does not answer, is missing. */
export type Answers<T> = Readonly<Record<string, readonly T[]>>;

export interface Observation {
  readonly views: Answers<Member>;
  readonly connections: Answers<Connection>;
}

export interface Observer {
  /** What all members see now; askers at the same time share one round of questions. */
  look(): Promise<Observation>;
}

/** One member in short. */
export interface MemberSummary extends MemberRow {
  /** Other members it sees alive; undefined if it does not answer. */
  readonly sees: number | undefined;
  /** Of the others that answer, how many see it alive. */
  readonly seenBy: number;
  /** The others that answer. */
  readonly observers: number;
  /** When its certificate ends, ISO 8601; null if nobody says. */
  readonly identityExpires: string | null;
}

const ANSWER_MAX_MS = 1_000;

/** `stop`: ends all questions; members that have not answered by then are missing. */
export function createObserver(supervisor: Supervisor, stop: AbortSignal): Observer {
  let current: Promise<Observation> | undefined;
  return {
    look() {
      current ??= observe(supervisor, stop).finally(() => {
        current = undefined;
      });
      return current;
    },
  };
}

async function observe(supervisor: Supervisor, stop: AbortSignal): Promise<Observation> {
  const views: Record<string, readonly Member[]> = {};
  const connections: Record<string, readonly Connection[]> = {};
  await Promise.all(
    supervisor.reachable().map(async (member) => {
      const { name, operations } = member.plan;
      const [seen, links] = await Promise.all([
        ask<Member>(`${operations}/api/v1/members`, stop),
        ask<Connection>(`${operations}/api/v1/connections`, stop),
      ]);
      if (seen === undefined) return;
      member.markReady();
      views[name] = seen;
      connections[name] = links ?? [];
    }),
  );
  return { views: sorted(views), connections: sorted(connections) };
}

/** Undefined if there is no answer: a member may be starting, paused or gone. */
async function ask<T>(url: string, stop: AbortSignal): Promise<readonly T[] | undefined> {
  try {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(ANSWER_MAX_MS)]);
    const response = await fetch(url, { signal });
    return response.ok ? ((await response.json()) as readonly T[]) : undefined;
  } catch {
    return undefined;
  }
}

function sorted<T>(answers: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(answers).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What the answers amount to, member by member. Members are matched by endpoint. */
export function summariseMembers(
  rows: readonly MemberRow[],
  { views }: Pick<Observation, "views">,
): readonly MemberSummary[] {
  const endpoints = new Set(rows.map(({ endpoint }) => endpoint));
  const alive = new Map<string, Set<string>>();
  const expiries = new Map<string, string | null>();
  for (const [name, view] of Object.entries(views)) {
    const seen = view.filter((member) => !member.self && member.status === "alive");
    alive.set(name, new Set(seen.map(endpointOf).filter((endpoint) => endpoints.has(endpoint))));
    for (const member of view) {
      const isBest = member.self || !expiries.has(endpointOf(member));
      if (isBest) expiries.set(endpointOf(member), member.identityExpires);
    }
  }
  return rows.map((row) => {
    const others = [...alive].filter(([name]) => name !== row.name);
    return {
      ...row,
      sees: alive.get(row.name)?.size,
      seenBy: others.filter(([, seen]) => seen.has(row.endpoint)).length,
      observers: others.length,
      identityExpires: expiries.get(row.endpoint) ?? null,
    };
  });
}

export function endpointOf({ internalEndpoint, endpoint }: Member): string {
  return internalEndpoint || endpoint;
}

/** Whether every member runs, answers and is seen alive by all others. */
export function isComplete(summaries: readonly MemberSummary[]): boolean {
  const others = summaries.length - 1;
  return summaries.every(({ sees, seenBy }) => sees === others && seenBy === others);
}
