/**
 * Many members in one process, over real sockets with mutual TLS and default timers: convergence,
 * cost, and how fast they notice deaths and newcomers.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { GossipNode } from "../src/index.ts";
import {
  atMost,
  cpuUs,
  inTemporaryFolder,
  mean,
  measureVerification,
  round,
  waitFor,
} from "./measure.ts";
import { type MemberMaker, prepareMembers } from "./members.ts";
import { type ProfileResult, profile } from "./profile.ts";

export interface ClusterOptions {
  readonly members: number;
  /** Duration of the steady-state measurement. */
  readonly seconds: number;
  /**
   * Settling time before it: certificates leave the heartbeats after 10 s, idle connections close
   * after 30 s.
   */
  readonly settleSeconds: number;
  readonly strategy: "neighbours" | "random";
  /** Whether to profile the steady state, at a small cost. */
  readonly profile: boolean;
  readonly progress: (sentence: string) => void;
}

export interface ClusterResult {
  readonly members: number;
  readonly strategy: string;
  /** From the first start until everybody sees everybody; null: not within the limit. */
  readonly convergeMs: number | null;
  /** Cost per member until then: CPU time, accepted connections, signatures. */
  readonly startCpuMsPerMember: number;
  readonly startConnectionsPerMember: number;
  readonly startSignaturesPerMember: number;
  readonly cpuMsPerMemberSecond: number;
  /** Microseconds of one P-256 verification on this machine. */
  readonly verifyUs: number;
  /** CPU per member and second, in verifications. */
  readonly verificationsPerMemberSecond: number;
  readonly rssMbPerMember: number;
  readonly connectionsPerMember: number;
  readonly connectionsMax: number;
  /** From the end of a member (its sockets close) until no view shows it alive. */
  readonly killSeenByAllMs: number | null;
  /** From the start of one more member until it sees everybody. */
  readonly lateJoinerMs: number | null;
  readonly messagesPerMemberSecond: number;
  readonly bytesPerMemberSecond: number;
  /** False deaths in the steady state. */
  readonly falseDeaths: number;
  /** Longest pause of the shared event loop in the steady state. */
  readonly loopPauseMaxMs: number;
  /** CPU profile until convergence, and afterwards. */
  readonly startProfile?: ProfileResult;
  readonly profile?: ProfileResult;
}

const CONVERGE_MAX_MS = 180_000;
/** To look at all members takes as long as some signature checks, which would count as theirs. */
const LOOK_MS = 25;
/**
 * Pauses are measured separately, because the probe wakes the process two hundred times a second.
 */
const PAUSE_SECONDS = 10;
const NOTICE_MAX_MS = 60_000;
/** Pause between the last arrival and an end. */
const REST_MAX_MS = 5_000;
/** A member that does not end must not cost the result. */
const CLOSE_MAX_MS = 10_000;

export async function benchCluster(options: ClusterOptions): Promise<ClusterResult> {
  const nodes: GossipNode[] = [];
  return inTemporaryFolder(async (folder) => {
    try {
      options.progress(`making keys for ${options.members + 1} members`);
      const maker = await prepareMembers(folder, options.members + 1, options.strategy);
      return await measureCluster(options, maker, nodes);
    } finally {
      await atMost(CLOSE_MAX_MS, Promise.all(nodes.map((node) => node.close())));
    }
  });
}

async function measureCluster(
  { members, seconds, settleSeconds, profile: isProfiled, strategy, progress }: ClusterOptions,
  maker: MemberMaker,
  nodes: GossipNode[],
): Promise<ClusterResult> {
  const verifyUs = measureVerification();
  const rssBefore = process.memoryUsage.rss();
  progress(`starting ${members} members`);
  const start = await coldStart(maker, nodes, members, isProfiled);
  progress(`all see all after ${start.convergeMs} ms; letting it settle`);
  await sleep(settleSeconds * 1_000);
  progress(`watching for ${seconds} s`);
  const steady = await watch(nodes, seconds, isProfiled);
  const rss = process.memoryUsage.rss() - rssBefore;
  const connections = nodes.map((node) => node.connections().length);
  progress("one more joins, one ends");
  const { lateJoinerMs, killSeenByAllMs } = await disturb(
    maker,
    nodes,
    Math.min(REST_MAX_MS, settleSeconds * 1_000),
  );
  return {
    members,
    strategy,
    convergeMs: start.convergeMs,
    startCpuMsPerMember: round(start.cpuMs / members, 1),
    startConnectionsPerMember: round(start.connections / members, 1),
    startSignaturesPerMember: round(start.signatures / members, 1),
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
    falseDeaths: steady.falseDeaths,
    loopPauseMaxMs: round(steady.pauseMaxMs, 1),
    ...(start.profile ? { startProfile: start.profile } : {}),
    ...(steady.profile ? { profile: steady.profile } : {}),
  };
}

interface Start {
  readonly convergeMs: number | null;
  readonly cpuMs: number;
  readonly connections: number;
  readonly signatures: number;
  readonly profile: ProfileResult | undefined;
}

/** All members start at once. */
async function coldStart(
  maker: MemberMaker,
  nodes: GossipNode[],
  members: number,
  isProfiled: boolean,
): Promise<Start> {
  const startedMs = performance.now();
  const startedUs = cpuUs();
  let convergeMs: number | null = null;
  const start = async (): Promise<void> => {
    const starting = Array.from({ length: members }, (_, index) => maker.start(index));
    nodes.push(...(await Promise.all(starting)));
    const isComplete = everyNode(nodes, (node) => alive(node) === nodes.length);
    const waitedMs = await waitFor(isComplete, CONVERGE_MAX_MS, LOOK_MS);
    if (waitedMs !== undefined) convergeMs = Math.round(performance.now() - startedMs);
  };
  const profiled = isProfiled ? await profile(start) : undefined;
  if (!isProfiled) await start();
  const counts = nodes.map((node) => node.diagnostics.counts());
  return {
    convergeMs,
    cpuMs: (cpuUs() - startedUs) / 1_000,
    connections: counts.reduce((sum, { traffic }) => sum + traffic.accepted, 0),
    signatures: counts.reduce((sum, one) => sum + one.signatures, 0),
    profile: profiled,
  };
}

/** Whether it holds for all; starts with the one that failed last time. */
function everyNode(
  nodes: readonly GossipNode[],
  holds: (node: GossipNode) => boolean,
): () => boolean {
  let last: GossipNode | undefined;
  return () => {
    if (last && !holds(last)) return false;
    last = nodes.find((node) => !holds(node));
    return last === undefined;
  };
}

interface Steady {
  readonly cpuMs: number;
  readonly messages: number;
  readonly bytes: number;
  readonly falseDeaths: number;
  readonly pauseMaxMs: number;
  readonly profile: ProfileResult | undefined;
}

async function longestPause(seconds: number): Promise<number> {
  const resolution = 5;
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  await sleep(seconds * 1_000);
  delay.disable();
  return Math.max(0, delay.max / 1e6 - resolution);
}

/** CPU milliseconds, messages and bytes sent, per member and second. */
async function watch(
  nodes: readonly GossipNode[],
  seconds: number,
  isProfiled: boolean,
): Promise<Steady> {
  const before = {
    cpu: process.cpuUsage(),
    traffic: traffic(nodes),
    deaths: deaths(nodes),
    ms: performance.now(),
  };
  const profiled = isProfiled ? await profile(() => sleep(seconds * 1_000)) : undefined;
  if (!isProfiled) await sleep(seconds * 1_000);
  const { user, system } = process.cpuUsage(before.cpu);
  const after = traffic(nodes);
  const memberSeconds = ((performance.now() - before.ms) / 1_000) * nodes.length;
  return {
    cpuMs: (user + system) / 1_000 / memberSeconds,
    messages: (after.messages - before.traffic.messages) / memberSeconds,
    bytes: (after.bytes - before.traffic.bytes) / memberSeconds,
    falseDeaths: deaths(nodes) - before.deaths,
    pauseMaxMs: await longestPause(PAUSE_SECONDS),
    profile: profiled,
  };
}

function traffic(nodes: readonly GossipNode[]): { messages: number; bytes: number } {
  const counts = nodes.map((node) => node.diagnostics.counts().traffic);
  return {
    messages: counts.reduce((sum, { messagesSent }) => sum + messagesSent, 0),
    bytes: counts.reduce((sum, { bytesSent }) => sum + bytesSent, 0),
  };
}

/** Deaths declared so far. */
function deaths(nodes: readonly GossipNode[]): number {
  const counts = nodes.flatMap((node) => [...node.diagnostics.counts().events.members.values()]);
  const reasons = counts.flatMap((one) => [...one.deaths.values()]);
  return reasons.reduce((sum, times) => sum + times, 0);
}

async function disturb(
  maker: MemberMaker,
  nodes: GossipNode[],
  restMs: number,
): Promise<{ lateJoinerMs: number | null; killSeenByAllMs: number | null }> {
  const joiningMs = performance.now();
  const late = await maker.start(nodes.length);
  nodes.push(late);
  const joined = await waitFor(() => alive(late) === nodes.length, NOTICE_MAX_MS);
  const lateJoinerMs = joined === undefined ? null : Math.round(performance.now() - joiningMs);
  await waitFor(
    everyNode(nodes, (node) => alive(node) === nodes.length),
    NOTICE_MAX_MS,
  );
  await sleep(restMs);
  const victim = nodes.splice(Math.floor(nodes.length / 2), 1)[0];
  const { pkiId } = victim?.self() ?? { pkiId: "" };
  const endedMs = performance.now();
  await victim?.close();
  const isGone = everyNode(
    nodes,
    (node) => node.members().find((one) => one.pkiId === pkiId)?.status !== "alive",
  );
  const gone = await waitFor(isGone, NOTICE_MAX_MS);
  const killSeenByAllMs = gone === undefined ? null : Math.round(performance.now() - endedMs);
  return { lateJoinerMs, killSeenByAllMs };
}

/** Number of members that it sees alive, including itself. */
function alive(node: GossipNode): number {
  return [...node.diagnostics.summary().organisations.values()].reduce(
    (sum, one) => sum + one.alive,
    0,
  );
}
