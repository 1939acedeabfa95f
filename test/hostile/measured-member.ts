/**
 * An honest member that measures itself: a program of its own that uses the library as any other
 * would. It is configured by the environment, told what to do over IPC, and prints nothing.
 */
import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import { loadConfig } from "../../src/config/load.ts";
import { GossipNode } from "../../src/node/node.ts";

/** How a period went, from one `measure` to the next `report`. */
export interface Report {
  /** Resident memory at the start of the period, and at its highest; MiB. */
  readonly rssStartMb: number;
  readonly rssPeakMb: number;
  /** Delay of the event loop in milliseconds, the timer's own 1 ms included. */
  readonly loopMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /**
   * The longest the event loop was kept by one thing after another without looking at its timers;
   * milliseconds of its own CPU time, which does not count what other processes took, nor what V8 took
   * to collect garbage: when it does, and how long it then takes, differs from machine to machine.
   */
  readonly busyMaxMs: number;
  /** The longest that V8 collected garbage in one go; milliseconds by the clock. */
  readonly gcMaxMs: number;
  /** Share of one core, in percent. */
  readonly cpuPercent: number;
  /** How old the heartbeats of the member that stamps them were when they arrived, milliseconds. */
  readonly newsMs: { readonly count: number; readonly p50: number; readonly max: number };
  /** PKI-IDs of the members that are alive now, ourselves included. */
  readonly alive: readonly string[];
  /** PKI-IDs of members that died, were forgotten or were purged in the period. */
  readonly lost: readonly string[];
  /** What was not used, by code. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Sockets and handshakes refused, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  readonly bytesReceived: number;
  readonly bytesSent: number;
}

export type MemberOrder =
  | { readonly type: "measure" }
  | { readonly type: "report" }
  /** Collect all garbage, and answer how many MiB are in use then. */
  | { readonly type: "held" }
  /** Publish the time of day in a heartbeat, every so many milliseconds. */
  | { readonly type: "stamp"; readonly everyMs: number };

const MIB = 1_048_576;
const node = await GossipNode.start(await loadConfig({}));
const loop = monitorEventLoopDelay({ resolution: 1 });

/** Shorter rounds of the event loop are not looked at. */
const ROUND_MS = 5;
interface Round {
  readonly fromMs: number;
  readonly toMs: number;
  readonly cpuMs: number;
}
let threadCpuMs = 0;
let lookedMs = 0;
let rounds: Round[] = [];
setInterval(() => {
  const [nowMs, cpuMs] = [performance.now(), threadMs()];
  const round = { fromMs: lookedMs, toMs: nowMs, cpuMs: cpuMs - threadCpuMs };
  if (round.cpuMs > ROUND_MS) rounds.push(round);
  threadCpuMs = cpuMs;
  lookedMs = nowMs;
}, 1);

interface Collection {
  readonly startTime: number;
  readonly duration: number;
}
let collections: Collection[] = [];
const observer = new PerformanceObserver((list) => collections.push(...list.getEntries()));
observer.observe({ entryTypes: ["gc"] });

/** CPU time of the event loop in this round, without what was spent on collecting garbage. */
function ownMs({ fromMs, toMs, cpuMs }: Round): number {
  const within = collections.filter(({ startTime }) => startTime >= fromMs && startTime < toMs);
  return within.reduce((ms, { duration }) => ms - duration, cpuMs);
}

function heldMb(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MIB;
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

let rssStart = 0;
let rssPeak = 0;
let startedMs = 0;
let cpu = process.cpuUsage();
let before = node.diagnostics.counts();
const ages: number[] = [];
const lost = new Set<string>();

setInterval(() => {
  rssPeak = Math.max(rssPeak, process.memoryUsage.rss());
}, 20);

function measure(): void {
  rssStart = process.memoryUsage.rss();
  rssPeak = rssStart;
  startedMs = performance.now();
  cpu = process.cpuUsage();
  threadCpuMs = threadMs();
  lookedMs = startedMs;
  rounds = [];
  collections = [];
  before = node.diagnostics.counts();
  ages.length = 0;
  lost.clear();
  loop.reset();
  loop.enable();
}

function report(): Report {
  loop.disable();
  collections.push(...observer.takeRecords());
  const { user, system } = process.cpuUsage(cpu);
  const counts = node.diagnostics.counts();
  const failed = { ...counts.handshakesFailed, ...counts.traffic.refused };
  const sorted = ages.toSorted((a, b) => a - b);
  return {
    rssStartMb: Math.round(rssStart / MIB),
    rssPeakMb: Math.round(rssPeak / MIB),
    loopMs: {
      p50: loop.percentile(50) / 1e6,
      p99: loop.percentile(99) / 1e6,
      max: loop.max / 1e6,
    },
    busyMaxMs: Math.max(0, ...rounds.map(ownMs)),
    gcMaxMs: Math.max(0, ...collections.map(({ duration }) => duration)),
    cpuPercent: (user + system) / 10 / (performance.now() - startedMs),
    newsMs: { count: sorted.length, p50: sorted[sorted.length >> 1] ?? 0, max: sorted.at(-1) ?? 0 },
    alive: node.members().flatMap(({ pkiId, status }) => (status === "alive" ? [pkiId] : [])),
    lost: [...lost],
    dropped: since(before.dropped, counts.dropped),
    refused: since({ ...before.handshakesFailed, ...before.traffic.refused }, failed),
    bytesReceived: counts.traffic.bytesReceived - before.traffic.bytesReceived,
    bytesSent: counts.traffic.bytesSent - before.traffic.bytesSent,
  };
}

function since(
  before: Readonly<Record<string, number>>,
  now: Readonly<Record<string, number>>,
): Record<string, number> {
  const grown = Object.entries(now).map(([key, n]) => [key, n - (before[key] ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, n]) => n > 0));
}

/** A stamp is 13 digits: milliseconds since the epoch. */
function readStamp(metadata: Uint8Array): number | undefined {
  const text = new TextDecoder().decode(metadata);
  return /^\d{13}$/.test(text) ? Number(text) : undefined;
}

async function watch(): Promise<void> {
  for await (const event of node.events()) {
    if (event.type === "member-updated") {
      const stamp = readStamp(event.member.metadata);
      if (stamp !== undefined) ages.push(Date.now() - stamp);
    } else if (event.type === "member-dead" || event.type === "member-forgotten") {
      lost.add(event.member.pkiId);
    } else if (event.type === "identity-purged") {
      lost.add(event.identity.pkiId);
    }
  }
}

process.on("message", (order: MemberOrder) => {
  if (order.type === "measure") measure();
  else if (order.type === "report") process.send?.(report());
  else if (order.type === "held") process.send?.(heldMb());
  else setInterval(() => node.setMetadata(Buffer.from(String(Date.now()))), order.everyMs);
});
process.once("disconnect", () => process.exit(0));
measure();
void watch();
process.send?.({ pkiId: node.self().pkiId });
