/** Performance goals, measurements and their commands. */
import { type Measured, numberAt, valueAt } from "./all.ts";

export interface Goal {
  readonly what: string;
  readonly goal: string;
  readonly measured: string;
  /** Undefined: not measured. */
  readonly isMet: boolean | undefined;
  readonly command: string;
}

type Results = ReadonlyMap<string, Measured>;

interface GoalRow {
  readonly what: string;
  readonly goal: string;
  /** The result it is read from. */
  readonly from: string;
  readonly paths: readonly string[];
  readonly say: (...values: readonly number[]) => string;
  readonly isMet: (...values: readonly number[]) => boolean;
}

const ROWS: readonly GoalRow[] = [
  {
    what: "CPU per member and second, steady, N = 50",
    goal: "at most 25 v (each heartbeat checked once: 10 v; Fabric: 132 v)",
    from: "cluster-50",
    paths: ["verificationsPerMemberSecond", "cpuMsPerMemberSecond"],
    say: (v, ms) => `${v} v (${ms} ms)`,
    isMet: (v = 0) => v <= 25,
  },
  {
    what: "CPU of one daemon a second, steady, N = 1000",
    goal: "at most 600 v (each heartbeat checked once: 200 v)",
    from: "memory-1000",
    paths: ["verificationsPerSecond", "cpuMsPerSecond"],
    say: (v, ms) => `${v} v (${ms} ms)`,
    isMet: (v = 0) => v <= 600,
  },
  {
    what: "N = 100 in one process on two cores",
    goal: "converges in 6 s, stays converged, under one core",
    from: "cluster-100",
    paths: ["convergeMs", "falseDeaths", "cpuMsPerMemberSecond"],
    say: (ms = 0, deaths, cpu = 0) =>
      `after ${seconds(ms)}; ${deaths} false deaths; ${Math.round(cpu * 10)} % of a core`,
    isMet: (ms = 0, deaths, cpu = 0) => ms < 6_000 && deaths === 0 && cpu * 100 < 1_000,
  },
  {
    what: "Cold start, N = 50, one bootstrap peer: all see all",
    goal: "under 2 s",
    from: "cluster-50",
    paths: ["convergeMs"],
    say: (ms = 0) => seconds(ms),
    isMet: (ms = 0) => ms < 2_000,
  },
  {
    what: "Cold start, N = 50: CPU of one member until all see all",
    goal: "under 600 v (a chain and two signatures of each other member, few connections: 220 v)",
    from: "cluster-50",
    paths: ["startCpuMsPerMember", "verifyUs"],
    say: (ms = 0, us = 1) => `${Math.round((ms * 1_000) / us)} v (${ms} ms)`,
    isMet: (ms = 0, us = 1) => (ms * 1_000) / us < 600,
  },
  {
    what: "Start of the daemon, as it is installed, to its first line",
    goal: "under 0.5 s",
    from: "startup",
    paths: ["medianMs", "emptyMs"],
    say: (ms = 0, empty = 0) =>
      `${seconds(ms)} (a process of Node that does nothing: ${seconds(empty)})`,
    isMet: (ms = 0) => ms < 500,
  },
  {
    what: "Late joiner, N = 50: complete view",
    goal: "under 1 s",
    from: "cluster-50",
    paths: ["lateJoinerMs"],
    say: (ms = 0) => seconds(ms),
    isMet: (ms = 0) => ms < 1_000,
  },
  {
    what: "A member ends, its sockets reset, N = 50: all others know",
    goal: "under 2 s",
    from: "cluster-50",
    paths: ["killSeenByAllMs"],
    say: (ms = 0) => seconds(ms),
    isMet: (ms = 0) => ms < 2_000,
  },
  {
    what: "Silent death, default timers, N = 10: all others know",
    goal: "under 13 s at the 99th percentile",
    from: "silence",
    paths: ["allSeconds.p50", "allSeconds.p99", "allSeconds.max", "deaths"],
    say: (p50, p99, max, deaths) => `${p99} s (median ${p50}, most ${max}; ${deaths} deaths)`,
    isMet: (_p50, p99 = 0) => p99 < 13,
  },
  {
    what: "False deaths at 5 % loss",
    goal: "none in 100,000 member-hours",
    from: "silence-loss",
    paths: ["falseDeaths", "memberHours"],
    say: (deaths = 0, hours = 0) => `${deaths} in ${Math.round(hours)} member-hours`,
    isMet: (deaths, hours = 0) => deaths === 0 && hours >= 1e5,
  },
  {
    what: "Alive messages checked and applied, one core",
    goal: "at least 90 % of what node:crypto alone verifies",
    from: "verify",
    paths: ["ratio", "alivePerSecond", "copiesPerSecond"],
    say: (ratio = 0, alive, copies) =>
      `${Math.round(ratio * 100)} %: ${alive} a second (copies: ${copies})`,
    isMet: (ratio = 0) => ratio >= 0.9,
  },
  ...[100, 1_000].map(
    (members): GoalRow => ({
      what: `Memory of one member process, N = ${members}`,
      goal: `under ${members === 100 ? 95 : 125} MB`,
      from: `memory-${members}`,
      paths: ["rssSteadyMb", "rssPeakMb"],
      say: (steady, peak) => `${steady} MB (at most ${peak})`,
      isMet: (_steady, peak = 0) => peak < (members === 100 ? 95 : 125),
    }),
  ),
  {
    what: "Event loop at N = 1000, steady",
    goal: "no pause above 10 ms",
    from: "memory-1000",
    paths: ["pausesSteady.cpuMaxMs", "pausesSteady.clockMaxMs"],
    say: (cpu, clock) => `${cpu} ms of its own CPU time (${clock} by the clock)`,
    isMet: (cpu = 0) => cpu <= 10,
  },
  {
    what: "Event loop at N = 1000, while it joins",
    goal: "no pause above 20 ms",
    from: "memory-1000",
    paths: ["pausesJoining.cpuMaxMs", "pausesJoining.clockMaxMs"],
    say: (cpu, clock) => `${cpu} ms of its own CPU time (${clock} by the clock)`,
    isMet: (cpu = 0) => cpu <= 20,
  },
];

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}

export function judgeGoals(results: Results): readonly Goal[] {
  return ROWS.map((row) => judge(row, results.get(row.from)));
}

function judge({ what, goal, paths, say, isMet }: GoalRow, measured: Measured | undefined): Goal {
  const command = measured?.command ?? "";
  if (paths.some((path) => valueAt(measured, path) === undefined)) {
    return { what, goal, measured: "not measured", isMet: undefined, command };
  }
  const values = paths.map((path) => numberAt(measured, path));
  const known = values.filter((value) => value !== undefined);
  // Without a number, it did not happen within the time limit.
  if (known.length < paths.length) return { what, goal, measured: "never", isMet: false, command };
  return { what, goal, measured: say(...known), isMet: isMet(...known), command };
}
