/** Results as tables of Markdown, by mark of docs/performance.md; those without a mark are not written there. */
import { type Measured, numberAt, rowsAt } from "./all.ts";
import { judgeGoals } from "./goals.ts";

type Results = ReadonlyMap<string, Measured>;
type Row = readonly (string | number | undefined)[];

function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.map((cell) => cell ?? "-").join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Numbers of the first existing result, in the order of the paths. */
function row(measured: Measured, ...paths: readonly string[]): Row {
  return paths.map((path) => numberAt(measured, path));
}

export function named(results: Results, prefix: string): readonly Measured[] {
  const found = [...results.values()].filter(({ name }) => new RegExp(`^${prefix}`).test(name));
  return found.toSorted((a, b) => (numberAt(a, "members") ?? 0) - (numberAt(b, "members") ?? 0));
}

function textAt({ result }: Measured, key: string): string {
  const value = result !== null && typeof result === "object" ? Reflect.get(result, key) : "";
  return String(value);
}

/** By name; tables without results are omitted and stay unchanged. */
export function tables(results: Results): ReadonlyMap<string, string> {
  const made = new Map<string, string>();
  const put = (name: string, head: Row, rows: readonly Row[]): void => {
    if (rows.length > 0) made.set(name, table(head, rows));
  };
  put("goals", ["What", "Goal", "Measured", "", "Command"], goalRows(results));
  put("cluster", CLUSTER_HEAD, named(results, "cluster-").map(clusterRow));
  const codec = rowsAt(results.get("codec"), "rows");
  put(
    "codec",
    ["Message", "Bytes", "Read, ns", "Write, ns", "Read / verification", "Write / verification"],
    codec.map((one) => [
      textAt(one, "name"),
      ...row(one, "bytes", "decodeNs", "encodeNs", "decodeShare", "encodeShare"),
    ]),
  );
  put(
    "transport",
    ["", "Ours, us", "Bare HTTP/2, us", "Ratio", "Messages a second, one core"],
    rowsAt(results.get("transport"), "rows").map((one) => [
      textAt(one, "name"),
      ...row(one, "oursUs", "bareUs", "ratio", "messagesPerSecond"),
    ]),
  );
  put("simulator", SIMULATOR_HEAD, rowsAt(results.get("simulator"), "rows").map(simulatorRow));
  put("memory", MEMORY_HEAD, named(results, "memory-").map(memoryRow));
  put("peers", PEERS_HEAD, named(results, "peers-").flatMap(peersRows));
  put("silence", SILENCE_HEAD, named(results, "silence").map(silenceRow));
  put("spread", SPREAD_HEAD, named(results, "spread-").map(spreadRow));
  const profile = results.get("profile");
  for (const [name, path] of PROFILES) {
    const shares = rowsAt(profile, path);
    put(
      name,
      [path.endsWith("parts") ? "Part" : "Function", "%"],
      shares.map((one) => [textAt(one, "name"), numberAt(one, "percent")]),
    );
  }
  const machines = new Set([...results.values()].map(({ machine }) => machine));
  const loads = [...results.values()].map(({ load }) => load);
  const load = `load when the runs began ${Math.min(...loads)} to ${Math.max(...loads)}`;
  made.set("machine", `Measured on ${[...machines].join("; ")}; ${load}.`);
  return made;
}

/** Table names, and the paths of their numbers. */
const PROFILES = [
  ["start-parts", "startProfile.parts"],
  ["parts", "profile.parts"],
] as const;

function goalRows(results: Results): readonly Row[] {
  return judgeGoals(results).map(({ what, goal, measured, isMet, command }) => [
    what,
    goal,
    measured,
    isMet === undefined ? "-" : isMet ? "met" : "**missed**",
    command === "" ? "" : `\`${command}\``,
  ]);
}

const CLUSTER_HEAD = [
  "N",
  "All see all, s",
  "CPU until then, per member, ms",
  "CPU per member, v",
  "ms/s",
  "Memory per member, MB",
  "Connections, mean / most",
  "Messages, bytes sent a second",
  "End known by all, ms",
  "Late joiner, ms",
];

function clusterRow(one: Measured): Row {
  const at = (path: string): number | undefined => numberAt(one, path);
  return [
    at("members"),
    seconds(at("convergeMs")),
    at("startCpuMsPerMember"),
    at("verificationsPerMemberSecond"),
    at("cpuMsPerMemberSecond"),
    at("rssMbPerMember"),
    `${at("connectionsPerMember")} / ${at("connectionsMax")}`,
    `${at("messagesPerMemberSecond")}, ${at("bytesPerMemberSecond")}`,
    at("killSeenByAllMs"),
    at("lateJoinerMs"),
  ];
}

/** With two digits; undefined: not within the limit. */
function seconds(ms: number | undefined): string {
  return ms === undefined ? "never" : (ms / 1_000).toFixed(2);
}

const SIMULATOR_HEAD = [
  "N",
  "Virtual s per s of CPU",
  "us per message",
  "Memory, MB",
  "MB per pair",
  "Converges after, s",
  "Messages a member and second",
  "Bytes a member and second",
  "Connections, mean",
  "Copies",
];

function simulatorRow(one: Measured): Row {
  const size = row(one, "members", "speed", "usPerMessage", "peakRssMb", "mbPerPair");
  const traffic = ["messagesPerMemberSecond", "bytesPerMemberSecond", "connectionsMean", "copies"];
  return [...size, ...row(one, "convergeSeconds", ...traffic)];
}

const MEMORY_HEAD = [
  "N",
  "View complete, ms",
  "Resident then / steady / most, MB",
  "Heap / buffers, MB",
  "CPU, ms/s (v)",
  "Heartbeats a second",
  "Longest pause joining / steady, ms of CPU",
  "by the clock",
];

function memoryRow(one: Measured): Row {
  const slashed = (...paths: readonly string[]): string => row(one, ...paths).join(" / ");
  return [
    ...row(one, "members", "joinMs"),
    slashed("rssJoinedMb", "rssSteadyMb", "rssPeakMb"),
    slashed("heapSteadyMb", "buffersSteadyMb"),
    `${numberAt(one, "cpuMsPerSecond")} (${numberAt(one, "verificationsPerSecond")})`,
    numberAt(one, "heartbeatsPerSecond"),
    slashed("pausesJoining.cpuMaxMs", "pausesSteady.cpuMaxMs"),
    slashed("pausesJoining.clockMaxMs", "pausesSteady.clockMaxMs"),
  ];
}

const PEERS_HEAD = [
  "N",
  "Members of",
  "All heard all, s",
  "CPU per member, v",
  "ms/s",
  "Message bytes sent a second",
  "Connections, mean",
  "End known by all, ms",
  "Memory per member, MB",
];

/** A row for each system; one that could not be measured has its reason. */
function peersRows(one: Measured): readonly Row[] {
  const members = numberAt(one, "members");
  const measured = rowsAt(one, "rows").map((system) => [
    members,
    textAt(system, "name"),
    seconds(numberAt(system, "convergeMs")),
    ...row(system, "verificationsPerMemberSecond", "cpuMsPerMemberSecond", "bytesPerMemberSecond"),
    ...row(system, "connectionsPerMember", "killSeenByAllMs", "rssMbPerMember"),
  ]);
  const missing = rowsAt(one, "missing").map(({ result }) => {
    const cells: Row = [members, String(result)];
    return PEERS_HEAD.map((_, index) => cells[index]);
  });
  return [...measured, ...missing];
}

const SILENCE_HEAD = [
  "N",
  "Loss",
  "Deaths",
  "First knows after, s: median / 99 % / most",
  "All know after, s: median / 99 % / most",
  "Member-hours",
  "False deaths",
];

function silenceRow(one: Measured): Row {
  const deaths = numberAt(one, "deaths") ?? 0;
  const times = (key: string): string =>
    deaths === 0 ? "-" : row(one, `${key}.p50`, `${key}.p99`, `${key}.max`).join(" / ");
  return [
    ...row(one, "members", "loss"),
    deaths,
    times("firstSeconds"),
    times("allSeconds"),
    ...row(one, "memberHours", "falseDeaths"),
  ];
}

const SPREAD_HEAD = [
  "N",
  "Reached",
  "Hops, mean / most",
  "Last has it after, ms, mean / most",
  "Copies",
  "Links, mean",
];

function spreadRow(one: Measured): Row {
  const slashed = (...paths: readonly string[]): string => row(one, ...paths).join(" / ");
  return [
    ...row(one, "members", "coverage"),
    slashed("hopsMean", "hopsMax"),
    slashed("lastMs", "lastMsMax"),
    ...row(one, "copies", "linksMean"),
  ];
}
