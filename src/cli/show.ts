/** The verbs that print what a running node knows. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Channel } from "../following/views.ts";
import { collect } from "../lib/collect.ts";
import { GossipError } from "../lib/errors.ts";
import { printable, printableJson } from "../lib/printable.ts";
import { readTags } from "../node/check-saying.ts";
import type { Json } from "../observe/json.ts";
import type { Service, ServiceHealth } from "../observe/topics.ts";
import type { Connection, Identity, Member } from "../observe/views.ts";
import { getDatedList } from "./client.ts";
import { ago, type Column, formatTable, until } from "./table.ts";
import { openTarget, type TargetOptions } from "./target.ts";
import { type Colour, painter, widthOf } from "./terminal.ts";
import { UnreachableError } from "./unreachable.ts";

export interface ShowOptions extends TargetOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
  /** Only members with these tags, NAME=VALUE each. */
  readonly tag?: readonly string[];
}

const WATCH_MS = 1_000;
/** Certificates that expire within this time are shown in yellow. */
const SOON_MS = 30 * 86_400_000;

function memberColumns(nowMs: number): readonly Column<Json<Member>>[] {
  return [
    { title: "ENDPOINT", text: (m) => m.internalEndpoint || m.endpoint || "-" },
    { title: "MSP", text: (m) => m.mspId ?? "?" },
    {
      title: "STATUS",
      text: (m) => (m.self ? `${m.status} (self)` : m.status),
      colour: ({ status }) => (status === "alive" ? "green" : "red"),
    },
    { title: "SINCE", text: (m) => ago(m.since, nowMs), weight: 3 },
    { title: "SEEN", text: (m) => ago(m.lastSeen, nowMs), weight: 4 },
    {
      title: "EXPIRES",
      text: (m) => until(m.identityExpires, nowMs),
      colour: (m) => urgency(m.identityExpires, nowMs),
      weight: 2,
    },
    { title: "PKI-ID", text: (m) => m.pkiId.slice(0, 16), weight: 1 },
  ];
}

function urgency(expires: string | null, nowMs: number): Colour | undefined {
  const leftMs = expires === null ? Number.POSITIVE_INFINITY : Date.parse(expires) - nowMs;
  if (leftMs <= 0) return "red";
  return leftMs < SOON_MS ? "yellow" : undefined;
}

export async function showMembers(options: ShowOptions): Promise<void> {
  const problems: string[] = [];
  await collect(problems, () => readTags(options.tag ?? []));
  const parameters = new URLSearchParams();
  for (const tag of options.tag ?? []) parameters.append("tag", tag);
  const path = parameters.size === 0 ? "/api/v1/members" : `/api/v1/members?${parameters}`;
  const columns = (nowMs: number, members: readonly Json<Member>[]) =>
    members.some((member) => tagsOf(member) !== "")
      ? [...memberColumns(nowMs), { title: "TAGS", text: tagsOf, weight: 5 } as const]
      : memberColumns(nowMs);
  const tags = printable((options.tag ?? []).join(" "));
  const none = `No member has the tags ${tags}: without --tag the verb lists all members with theirs.`;
  await show<Json<Member>>(options, path, columns, none, problems);
}

/** Members of older versions have none. */
function tagsOf({ tags = {} }: { readonly tags?: Readonly<Record<string, string>> }): string {
  return Object.entries(tags)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

const COLOUR_OF_HEALTH: Readonly<Record<ServiceHealth, Colour>> = {
  passing: "green",
  warning: "yellow",
  critical: "red",
  dead: "red",
};

export async function showServices(options: ShowOptions): Promise<void> {
  const columns = (nowMs: number): readonly Column<Json<Service>>[] => [
    { title: "SERVICE", text: ({ name }) => name },
    { title: "HEALTH", text: ({ health }) => health, colour: (s) => COLOUR_OF_HEALTH[s.health] },
    { title: "TAGS", text: tagsOf },
    { title: "MEMBER", text: ({ member: m }) => m.internalEndpoint || m.endpoint || "-" },
    { title: "MSP", text: ({ member }) => member.mspId ?? "?", weight: 2 },
    { title: "SINCE", text: ({ member }) => ago(member.since, nowMs), weight: 1 },
  ];
  const none = "No member has a tag role, so none offers anything: set fabricGossip.tags.";
  await show<Json<Service>>(options, "/api/v1/services", columns, none);
}

export async function showIdentities(options: ShowOptions): Promise<void> {
  const columns = (nowMs: number): readonly Column<Json<Identity>>[] => [
    { title: "NAME", text: ({ subject }) => subject.split(",")[0] ?? "" },
    { title: "MSP", text: ({ mspId }) => mspId },
    {
      title: "EXPIRES",
      text: ({ notAfter }) => until(notAfter, nowMs),
      colour: ({ notAfter }) => urgency(notAfter, nowMs),
    },
    { title: "FROM", text: ({ learntFrom }) => learntFrom, weight: 3 },
    { title: "USED", text: ({ lastUsed }) => ago(lastUsed, nowMs), weight: 2 },
    { title: "PKI-ID", text: ({ pkiId }) => pkiId.slice(0, 16), weight: 1 },
  ];
  await show<Json<Identity>>(options, "/api/v1/identities", columns, "No certificate is known.");
}

export async function showConnections(options: ShowOptions): Promise<void> {
  const none =
    "No connection is open: see `fabric-gossip members` for whom the node knows, `fabric-gossip events` for what fails.";
  const columns = (nowMs: number): readonly Column<Json<Connection>>[] => [
    { title: "REMOTE", text: ({ endpoint }) => endpoint },
    { title: "DIALLED", text: ({ outbound }) => (outbound ? "by us" : "by them") },
    { title: "MSP", text: ({ mspId }) => mspId },
    { title: "OPEN", text: ({ openedAt }) => ago(openedAt, nowMs) },
    { title: "IN", text: ({ messagesReceived }) => String(messagesReceived), weight: 4 },
    { title: "OUT", text: ({ messagesSent }) => String(messagesSent), weight: 4 },
    { title: "QUEUED", text: ({ queued }) => String(queued), weight: 3 },
    { title: "DROPPED", text: ({ dropped }) => String(dropped), weight: 2 },
    { title: "PKI-ID", text: ({ pkiId }) => pkiId.slice(0, 16), weight: 1 },
  ];
  await show<Json<Connection>>(options, "/api/v1/connections", columns, none);
}

export async function showChannels(options: ShowOptions): Promise<void> {
  const none = "No channel is followed: name some under fabricGossip.channels.";
  const columns = (nowMs: number): readonly Column<Json<Channel>>[] => [
    { title: "NAME", text: ({ name }) => name },
    { title: "ROLE", text: ({ role }) => role ?? "" },
    { title: "HEIGHT", text: ({ height }) => height },
    { title: "MEMBERS", text: ({ members }) => String(members.length) },
    {
      title: "BEHIND",
      text: ({ members }) => String(mostBehind(members)),
      colour: ({ members }) => (members.some(({ lagging }) => lagging) ? "red" : undefined),
    },
    { title: "CONFIG", text: ({ configSequence }) => configSequence ?? "unknown", weight: 1 },
    { title: "LAST BLOCK", text: ({ members }) => lastCommit(members, nowMs), weight: 1 },
  ];
  await show<Json<Channel>>(options, "/api/v1/channels", columns, none);
}

type Members = Json<Channel>["members"];

const maxOf = (a: bigint, b: bigint): bigint => (a < b ? b : a);

function mostBehind(members: Members): bigint {
  const present = members.filter(({ leftChannel }) => !leftChannel);
  return present.map(({ behind }) => BigInt(behind)).reduce(maxOf, 0n);
}

/** When a member last committed a block, by its own clock. */
function lastCommit(members: Members, nowMs: number): string {
  const last = members
    .map(({ committedAt }) => committedAt)
    .toSorted()
    .at(-1);
  return last === undefined ? "" : ago(last, nowMs);
}

/** Prints once or repeatedly. On a terminal, `--watch` redraws in place. */
async function show<T extends object>(
  { json, watch, ...options }: ShowOptions,
  path: string,
  columns: (nowMs: number, rows: readonly T[]) => readonly Column<T>[],
  none: string,
  problems: string[] = [],
): Promise<void> {
  const target = await collect(problems, openTarget(options));
  if (target === undefined || problems.length > 0)
    throw new GossipError("config-invalid", problems);
  const paint = painter(process.stdout);
  for (let isFirst = true; ; isFirst = false) {
    const found = await getDatedList<T>(target, path).catch((error: unknown) => {
      // Whoever watches wants to see the node come back.
      if (isFirst || !(error instanceof UnreachableError)) throw error;
      process.stderr.write(`${printable(error.message)}\n`);
      return undefined;
    });
    if (found === undefined) {
      await sleep(WATCH_MS);
      continue;
    }
    const { rows, nowMs } = found;
    const table = (): string =>
      rows.length === 0
        ? none
        : formatTable(rows, columns(nowMs, rows), widthOf(process.stdout), paint);
    const text = json ? printableJson(rows) : table();
    if (watch && process.stdout.isTTY) process.stdout.write("\x1b[H\x1b[J");
    process.stdout.write(`${text}\n`);
    if (!watch) return;
    await sleep(WATCH_MS);
  }
}
