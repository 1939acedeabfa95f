/**
 * So many members in one process, over real sockets with mutual TLS, all timers at their defaults:
 * how fast they find each other, what they cost, how fast they notice who is gone or new.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { GossipNode } from "../src/index.ts";
import { mean, measureVerification, round, waitFor } from "./measure.ts";
import { type MemberMaker, prepareMembers } from "./members.ts";

export interface ClusterOptions {
  readonly members: number;
  /** How long the steady state is watched. */
  readonly seconds: number;
  readonly strategy: "neighbours" | "random";
  readonly progress: (sentence: string) => void;
}

export interface ClusterResult {
  readonly members: number;
  readonly strategy: string;
  /** From the first start to everybody seeing everybody; null: not within the limit. */
  readonly convergeMs: number | null;
  readonly cpuMsPerMemberSecond: number;
  /** Microseconds of one P-256 verification on this machine. */
  readonly verifyUs: number;
  /** The CPU of a member and second, told in verifications. */
  readonly verificationsPerMemberSecond: number;
  readonly rssMbPerMember: number;
  readonly connectionsPerMember: number;
  readonly connectionsMax: number;
  /** From the end of a member (its sockets close) until nobody shows it alive. */
  readonly killSeenByAllMs: number | null;
  /** From the start of one more until it sees everybody. */
  readonly lateJoinerMs: number | null;
  readonly messagesPerMemberSecond: number;
  readonly bytesPerMemberSecond: number;
  /** Longest pause of the event loop in the steady state, shared by all members. */
  readonly loopPauseMaxMs: number;
}

const CONVERGE_MAX_MS = 180_000;
const NOTICE_MAX_MS = 60_000;
/** Certificates leave the heartbeats after 10 s, idle connections are closed after 30 s. */
const SETTLE_MS = 45_000;

export async function benchCluster(options: ClusterOptions): Promise<ClusterResult> {
  const folder = await mkdtemp(join(tmpdir(), "fabric-gossip-bench-"));
  const nodes: GossipNode[] = [];
  try {
    options.progress(`making keys for ${options.members + 1} members`);
    const maker = await prepareMembers(folder, options.members + 1, options.strategy);
    return await measureCluster(options, maker, nodes);
  } finally {
    await Promise.all(nodes.map((node) => node.close()));
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureCluster(
  { members, seconds, strategy, progress }: ClusterOptions,
  maker: MemberMaker,
  nodes: GossipNode[],
): Promise<ClusterResult> {
  const verifyUs = measureVerification();
  const rssBefore = process.memoryUsage.rss();
  progress(`starting ${members} members`);
  const startedMs = performance.now();
  const starting = Array.from({ length: members }, (_, index) => maker.start(index));
  nodes.push(...(await Promise.all(starting)));
  const isComplete = (): boolean => nodes.every((node) => alive(node) === nodes.length);
  const converged = await waitFor(isComplete, CONVERGE_MAX_MS);
  const convergeMs = converged === undefined ? null : Math.round(performance.now() - startedMs);
  progress(`all see all after ${convergeMs} ms; letting it settle`);
  await sleep(SETTLE_MS);
  progress(`watching for ${seconds} s`);
  const steady = await watch(nodes, seconds);
  const rss = process.memoryUsage.rss() - rssBefore;
  const connections = nodes.map((node) => node.connections().length);
  progress("one more joins, one ends");
  const { lateJoinerMs, killSeenByAllMs } = await disturb(maker, nodes);
  return {
    members,
    strategy,
    convergeMs,
    cpuMsPerMemberSecond: round(steady.cpuMs, 2),
    verifyUs: round(verifyUs, 1),
    verificationsPerMemberSecond: round((steady.cpuMs * 1_000) / verifyUs, 1),
    rssMbPerMember: round(rss / members / 1e6, 2),
    connectionsPerMember: round(mean(connections), 1),
    connectionsMax: Math.max(...connections),
    killSeenByAllMs,
    lateJoinerMs,
    messagesPerMemberSecond: round(steady.messages, 1),
    bytesPerMemberSecond: Math.round(steady.bytes),
    loopPauseMaxMs: round(steady.pauseMaxMs, 1),
  };
}

/** CPU milliseconds, messages and bytes sent, per member and second. */
async function watch(
  nodes: readonly GossipNode[],
  seconds: number,
): Promise<{ cpuMs: number; messages: number; bytes: number; pauseMaxMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  const before = { cpu: process.cpuUsage(), traffic: traffic(nodes), ms: performance.now() };
  delay.enable();
  await sleep(seconds * 1_000);
  delay.disable();
  const { user, system } = process.cpuUsage(before.cpu);
  const after = traffic(nodes);
  const memberSeconds = ((performance.now() - before.ms) / 1_000) * nodes.length;
  return {
    cpuMs: (user + system) / 1_000 / memberSeconds,
    messages: (after.messages - before.traffic.messages) / memberSeconds,
    bytes: (after.bytes - before.traffic.bytes) / memberSeconds,
    pauseMaxMs: delay.max / 1e6,
  };
}

function traffic(nodes: readonly GossipNode[]): { messages: number; bytes: number } {
  const counts = nodes.map((node) => node.counts().traffic);
  return {
    messages: counts.reduce((sum, { messagesSent }) => sum + messagesSent, 0),
    bytes: counts.reduce((sum, { bytesSent }) => sum + bytesSent, 0),
  };
}

async function disturb(
  maker: MemberMaker,
  nodes: GossipNode[],
): Promise<{ lateJoinerMs: number | null; killSeenByAllMs: number | null }> {
  const joiningMs = performance.now();
  const late = await maker.start(nodes.length);
  nodes.push(late);
  const joined = await waitFor(() => alive(late) === nodes.length, NOTICE_MAX_MS);
  const lateJoinerMs = joined === undefined ? null : Math.round(performance.now() - joiningMs);
  await waitFor(() => nodes.every((node) => alive(node) === nodes.length), NOTICE_MAX_MS);
  await sleep(5_000);
  const victim = nodes.splice(Math.floor(nodes.length / 2), 1)[0];
  const { pkiId } = victim?.self() ?? { pkiId: "" };
  const endedMs = performance.now();
  await victim?.close();
  const isGone = (): boolean =>
    nodes.every((node) => node.members().find((one) => one.pkiId === pkiId)?.status !== "alive");
  const gone = await waitFor(isGone, NOTICE_MAX_MS);
  const killSeenByAllMs = gone === undefined ? null : Math.round(performance.now() - endedMs);
  return { lateJoinerMs, killSeenByAllMs };
}

function alive(node: GossipNode): number {
  return node.members().filter(({ status }) => status === "alive").length;
}
