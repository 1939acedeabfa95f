/** The verbs that print what a running node knows. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection, Identity, Member } from "../view.ts";
import { getList } from "./client.ts";
import { ago, type Column, formatTable, until } from "./table.ts";

export interface ShowOptions {
  readonly url: string;
  readonly json?: boolean;
  readonly watch?: boolean;
}

const WATCH_MS = 1_000;

export function memberColumns(nowMs: number): readonly Column<Member>[] {
  return [
    { title: "ENDPOINT", text: (m) => m.internalEndpoint || m.endpoint || "-" },
    { title: "MSP", text: (m) => m.mspId ?? "?" },
    { title: "STATUS", text: (m) => (m.self ? `${m.status} (self)` : m.status) },
    { title: "SINCE", text: (m) => ago(m.since, nowMs), weight: 3 },
    { title: "SEEN", text: (m) => ago(m.lastSeen, nowMs), weight: 4 },
    { title: "EXPIRES", text: (m) => until(m.identityExpires, nowMs), weight: 2 },
    { title: "PKI-ID", text: (m) => m.pkiId.slice(0, 16), weight: 1 },
  ];
}

export async function showMembers(options: ShowOptions): Promise<void> {
  await show<Member>(options, "/api/v1/members", memberColumns);
}

export async function showIdentities(options: ShowOptions): Promise<void> {
  await show<Identity>(options, "/api/v1/identities", (nowMs) => [
    { title: "NAME", text: ({ subject }) => subject.split(",")[0] ?? "" },
    { title: "MSP", text: ({ mspId }) => mspId },
    { title: "EXPIRES", text: ({ notAfter }) => until(notAfter, nowMs) },
    { title: "FROM", text: ({ learntFrom }) => learntFrom, weight: 3 },
    { title: "USED", text: ({ lastUsed }) => ago(lastUsed, nowMs), weight: 2 },
    { title: "PKI-ID", text: ({ pkiId }) => pkiId.slice(0, 16), weight: 1 },
  ]);
}

export async function showConnections(options: ShowOptions): Promise<void> {
  await show<Connection>(options, "/api/v1/connections", (nowMs) => [
    { title: "REMOTE", text: ({ endpoint }) => endpoint },
    { title: "DIALLED", text: ({ outbound }) => (outbound ? "by us" : "by them") },
    { title: "MSP", text: ({ mspId }) => mspId },
    { title: "OPEN", text: ({ openedAt }) => ago(openedAt, nowMs) },
    { title: "IN", text: ({ messagesReceived }) => String(messagesReceived), weight: 4 },
    { title: "OUT", text: ({ messagesSent }) => String(messagesSent), weight: 4 },
    { title: "QUEUED", text: ({ queued }) => String(queued), weight: 3 },
    { title: "DROPPED", text: ({ dropped }) => String(dropped), weight: 2 },
    { title: "PKI-ID", text: ({ pkiId }) => pkiId.slice(0, 16), weight: 1 },
  ]);
}

/** Prints once, or again and again. On a terminal, `--watch` redraws in place. */
async function show<T extends object>(
  { url, json, watch }: ShowOptions,
  path: string,
  columns: (nowMs: number) => readonly Column<T>[],
): Promise<void> {
  for (;;) {
    const rows = await getList<T>(url, path);
    const width = process.stdout.isTTY ? process.stdout.columns : undefined;
    const text = json ? JSON.stringify(rows) : formatTable(rows, columns(Date.now()), width);
    if (watch && process.stdout.isTTY) process.stdout.write("\x1b[H\x1b[J");
    process.stdout.write(`${text}\n`);
    if (!watch) return;
    await sleep(WATCH_MS);
  }
}
