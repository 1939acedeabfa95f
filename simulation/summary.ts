/** The result of a simulation as one line of JSON. */
import type { Result } from "./simulate.ts";

/** Of one run or of several. */
export interface Summary {
  readonly seed: number;
  readonly nodes: number;
  readonly virtualSeconds: number;
  readonly wallSeconds: number;
  readonly peakRssMb: number;
  readonly converged: boolean;
  readonly convergeSeconds: number;
  readonly violations: readonly string[];
  readonly messages: number;
  readonly bytes: number;
  /** Mean share of eligible members that a heartbeat reached by gossip; null if none was measured. */
  readonly coverage: number | null;
  /** Processor time in seconds, independent of other load on the machine. */
  readonly cpuSeconds: number;
  readonly scenario: string;
  readonly strategy: string;
  /** Time in which members lived, added up over all of them; and that at 5 % packet loss or more. */
  readonly memberHours: number;
  readonly lossyMemberHours: number;
  /** Of several runs: their number, and the seeds that failed. */
  readonly seeds?: number;
  readonly failedSeeds?: readonly number[];
}

/** What cannot be summed up over several runs, too. */
export interface RunSummary extends Summary {
  readonly firstConvergeSeconds: number | undefined;
  readonly traffic: Result["traffic"];
  readonly dissemination: Result["dissemination"] | Unmeasured;
  readonly steady: Result["steady"];
  readonly deathsKnown: Result["deathsKnown"];
  /** Undefined without channels. */
  readonly channels?: Result["channels"];
  readonly trace: string;
}

/** What is known of no heartbeat. */
interface Unmeasured {
  readonly heartbeats: 0;
  readonly coverage: null;
  readonly coverageMin: null;
  readonly hops: null;
  readonly latencyMs: null;
  /** 0 if none has arrived. */
  readonly copies: number;
}

/** Resources that a run used. */
export interface Cost {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

export function summariseRun(result: Result, cost: Cost): RunSummary {
  const { options, dissemination, steady } = result;
  const nothing = { coverage: null, coverageMin: null, hops: null, latencyMs: null };
  const { heartbeats, copies } = dissemination;
  return {
    seed: options.seed,
    nodes: result.nodes,
    virtualSeconds: result.virtualSeconds,
    wallSeconds: rounded(cost.wallSeconds),
    peakRssMb: cost.peakRssMb,
    converged: result.converged,
    convergeSeconds: result.convergeSeconds,
    violations: result.violations,
    messages: result.messages,
    bytes: result.bytes,
    coverage: heartbeats === 0 ? null : rounded(dissemination.coverage),
    cpuSeconds: rounded(cost.cpuSeconds),
    scenario: options.scenario,
    strategy: options.strategy,
    firstConvergeSeconds: result.firstConvergeSeconds,
    traffic: result.traffic,
    dissemination: heartbeats === 0 ? { ...nothing, heartbeats, copies } : dissemination,
    steady,
    memberHours: rounded(result.memberHours),
    lossyMemberHours: rounded(result.lossyMemberHours),
    deathsKnown: result.deathsKnown,
    channels: result.channels,
    trace: result.trace,
  };
}

export function isFailed({ converged, violations }: Summary): boolean {
  return !converged || violations.length > 0;
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

/** Merges several runs: sums, maxima and all violations with their seeds. One run stays as it is. */
export function summariseAll(summaries: readonly RunSummary[]): Summary {
  const [first, ...rest] = summaries;
  if (first === undefined) throw new RangeError("there are no runs to sum up");
  if (rest.length === 0) return first;
  const sum = (read: (summary: RunSummary) => number): number =>
    rounded(summaries.reduce((total, summary) => total + read(summary), 0));
  const max = (read: (summary: RunSummary) => number): number => Math.max(...summaries.map(read));
  const coverages = summaries.flatMap(({ coverage }) => coverage ?? []);
  const { seed, scenario, strategy } = first;
  return {
    seed,
    nodes: max(({ nodes }) => nodes),
    virtualSeconds: sum(({ virtualSeconds }) => virtualSeconds),
    wallSeconds: sum(({ wallSeconds }) => wallSeconds),
    peakRssMb: max(({ peakRssMb }) => peakRssMb),
    converged: summaries.every(({ converged }) => converged),
    convergeSeconds: max(({ convergeSeconds }) => convergeSeconds),
    violations: summaries.flatMap(({ seed, violations }) =>
      violations.map((violation) => `seed ${seed}: ${violation}`),
    ),
    messages: sum(({ messages }) => messages),
    bytes: sum(({ bytes }) => bytes),
    coverage: coverages.length === 0 ? null : rounded(mean(coverages)),
    cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds),
    scenario,
    strategy,
    memberHours: sum(({ memberHours }) => memberHours),
    lossyMemberHours: sum(({ lossyMemberHours }) => lossyMemberHours),
    seeds: summaries.length,
    failedSeeds: summaries.filter(isFailed).map(({ seed }) => seed),
  };
}
