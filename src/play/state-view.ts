/** One member's state as rows for the inspector. Reads the tables of its core, changes nothing. */
import { EPOCH_MS } from "../../simulation/epoch.ts";
import { type Core, nextContactMs, nextPullMs, nextSuspicionMs } from "../core/core.ts";
import { usedMs } from "../core/tables/identities.ts";
import type { PlayedNetwork } from "./played-network.ts";
import type { Player } from "./player.ts";

/** A word or number, or a moment in virtual milliseconds; null: never, or not known. */
type Cell = string | number | { readonly ms: number } | null;

interface Row {
  /** The same row has the same key before and after. */
  readonly key: string;
  readonly cells: readonly Cell[];
}

type SectionName = "self" | "members" | "identities" | "timers" | "waiting" | "connections";

export type StateView = Readonly<Record<SectionName, readonly Row[]>>;

/** Undefined while no process of the member runs. */
export function viewState(network: PlayedNetwork, player: Player): StateView | undefined {
  const { life } = player;
  if (life === undefined) return undefined;
  const { core, connections } = life.member;
  const name = (pkiId: string): string => nameOf(network, pkiId);
  return {
    self: viewSelf(core, player),
    members: viewMembers(core, name),
    identities: viewIdentities(core, name),
    timers: viewTimers(core),
    waiting: viewWaiting(core, name),
    connections: connections.list().map(({ pkiId, outbound, isPreferred, queued }, place) => ({
      key: `${pkiId} ${place}`,
      cells: [name(pkiId), outbound ? "out" : "in", isPreferred ? "in use" : "going", queued],
    })),
  };
}

/** The member's name, with a certificate number if it has several. */
export function nameOf(network: PlayedNetwork, pkiId: string): string {
  const player = network.playerOf(pkiId);
  if (player === undefined) return pkiId.slice(0, 8);
  const own = network.authority.issued.filter(({ owner }) => owner === player.index);
  const place = own.findIndex(({ identity }) => identity.pkiId === pkiId);
  return place > 0 ? `${player.name} #${place + 1}` : player.name;
}

function viewSelf({ options, self }: Core, { skewMs }: Player): readonly Row[] {
  return [
    { key: "incarnation", cells: [moment(self.incarnation)] },
    { key: "sequence", cells: [Number(self.sequence)] },
    { key: "certificate", cells: [options.self.pkiId.slice(0, 8)] },
    { key: "clock", cells: [skewMs / 1_000] },
  ];
}

/** An incarnation is the start of a process, in nanoseconds. */
function moment(incarnation: bigint): Cell {
  return { ms: Number(incarnation / 1_000_000n) - EPOCH_MS };
}

function viewMembers({ members }: Core, name: (pkiId: string) => string): readonly Row[] {
  return [...members.table.values()].map((member) => ({
    key: member.pkiId,
    cells: [
      name(member.pkiId),
      stateOf(member),
      moment(member.time.incNum),
      Number(member.time.seqNum),
      { ms: member.lastSeenMs },
      { ms: member.heardMs },
    ],
  }));
}

function stateOf(member: {
  readonly status: string;
  readonly isSuspect: boolean;
  readonly isCutOff: boolean;
}): string {
  if (member.status === "dead") return "dead";
  if (member.isSuspect) return "suspect";
  return member.isCutOff ? "cut off" : "alive";
}

function viewIdentities(
  { identities, members }: Core,
  name: (pkiId: string) => string,
): readonly Row[] {
  return [...identities.table.values()].map((known) => {
    const { pkiId } = known.identity;
    return { key: pkiId, cells: [name(pkiId), known.learntFrom, { ms: usedMs(members, known) }] };
  });
}

function viewTimers(core: Core): readonly Row[] {
  const { contacts, broadcastQueue, pull, pullBackoff, suspicions, schedule, syncBackoff } = core;
  const due: Readonly<Record<string, number>> = {
    heartbeat: schedule.heartbeatAtMs,
    sync: syncBackoff.dueMs,
    pull: pullBackoff.dueMs,
    "pull round": nextPullMs(pull),
    flush: broadcastQueue.flushAtMs,
    suspicions: nextSuspicionMs(suspicions, core.options),
    contacts: nextContactMs(contacts),
    expiry: schedule.expiryCheckAtMs,
    unused: schedule.unusedCheckAtMs,
  };
  return Object.entries(due).map(([key, ms]) => ({
    key,
    cells: [Number.isFinite(ms) ? { ms } : null],
  }));
}

/** The key of an alive message is its author's PKI-ID; others begin with what they are. */
function broadcastName(key: string, name: (pkiId: string) => string): string {
  const [what, pkiId] = key.includes(" ") ? key.split(" ") : ["alive", key];
  return `${what} ${name(pkiId ?? "")}`;
}

function viewWaiting(core: Core, name: (pkiId: string) => string): readonly Row[] {
  const { verificationQueue, contacts, broadcastQueue, pull, suspicions } = core;
  const rows: Row[] = [];
  const add = (what: string, who: string, ...cells: readonly Cell[]): void => {
    rows.push({ key: `${what} ${who}`, cells: [what, who, ...cells] });
  };
  for (const key of broadcastQueue.waiting.keys()) {
    add("to pass on", broadcastName(key, name), { ms: broadcastQueue.flushAtMs });
  }
  for (const [pkiId, { sinceMs }] of verificationQueue.aside)
    add("author unknown", name(pkiId), { ms: sinceMs });
  const backlog =
    verificationQueue.backlog.length - verificationQueue.done + verificationQueue.rejudge.size;
  if (backlog > 0) add("to check", String(backlog));
  for (const [pkiId, { entries, done }] of verificationQueue.lists) {
    add("list to check", name(pkiId), entries.length - done);
  }
  for (const [pkiId, { hasAnswered, requested }] of pull.round?.exchanges ?? []) {
    const phase = hasAnswered ? `asked for ${requested.size}` : "digest awaited";
    add("pull round", name(pkiId), phase, { ms: pull.round?.untilMs ?? 0 });
  }
  for (const [pkiId, hellos] of pull.hellos) {
    add("may request", name(pkiId), { ms: hellos.at(-1)?.untilMs ?? 0 });
  }
  for (const [pkiId, { doubt, atMs }] of suspicions.open) {
    add("to ask", name(pkiId), doubt.type, { ms: atMs });
  }
  for (const { endpoint, state } of contacts) {
    if (state.type !== "connected") add("contact", endpoint, state.type);
  }
  return rows;
}
