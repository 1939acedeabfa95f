/** Collects every member's view and summarises them. */
import type { Json } from "../observe/json.ts";
import type * as views from "../observe/views.ts";
import type { MemberRow, Supervisor } from "./supervisor.ts";

/** As they come over HTTP. */
type Member = Json<views.Member>;
type Connection = Json<views.Connection>;

/** Answers by member name; members that do not answer are missing. */
type Answers<T> = Readonly<Record<string, readonly T[]>>;

interface Observation {
  readonly views: Answers<Member>;
  readonly connections: Answers<Connection>;
}

export interface Observer {
  /** Collects the current views; concurrent callers share one round of requests. */
  look(): Promise<Observation>;
}

/** Summary of one member. */
export interface MemberSummary extends MemberRow {
  /** Other members it sees alive; undefined if it does not answer. */
  readonly sees: number | undefined;
  /** Number of other answering members that see it alive. */
  readonly seenBy: number;
  /** Number of other members that answer. */
  readonly observers: number;
  /** Expiry of its certificate, ISO 8601; null if unknown. */
  readonly identityExpires: string | null;
}

const ANSWER_MAX_MS = 1_000;

/** `stop` aborts all requests; members that have not answered by then are missing. */
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

/** Undefined without an answer: the member may be starting, paused or stopped. */
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

/** Summarises the answers per member. Matches members by endpoint. */
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

function endpointOf({ internalEndpoint, endpoint }: Member): string {
  return internalEndpoint || endpoint;
}

/** Whether every member answers and all others see it alive. */
export function isComplete(summaries: readonly MemberSummary[]): boolean {
  const others = summaries.length - 1;
  return summaries.every(({ sees, seenBy }) => sees === others && seenBy === others);
}
