/** Results as charts: ours beside Fabric's, and growth with the number of members. */
import { type Measured, numberAt, rowsAt } from "./all.ts";
import { lineChart, type Series } from "./chart.ts";
import { GO } from "./go-baseline.ts";
import { mean } from "./measure.ts";
import { named } from "./tables.ts";

type Results = ReadonlyMap<string, Measured>;

/** By name. */
export function pictures(results: Results): ReadonlyMap<string, string> {
  const cluster = named(results, "cluster-");
  const simulator = rowsAt(results.get("simulator"), "rows");
  const made = new Map<string, string>();
  const put = (name: string, title: string, yLabel: string, series: readonly Series[]): void => {
    const seen = series.filter(({ points }) => points.length > 0);
    const options = { title, yLabel, xLabel: "members", series: seen };
    if (seen.length > 0) made.set(name, lineChart({ ...options, isLogarithmic: name === "scale" }));
  };
  put("cpu", "Processor time of one member", "verifications a second", [
    { name: "fabric-gossip", points: curve(cluster, "verificationsPerMemberSecond") },
    { name: "Fabric (Go)", points: GO.map((go) => [go.members, mean(go.verifications)]) },
  ]);
  const goes = GO.filter(({ convergeSeconds }) => convergeSeconds.length > 0);
  put("converge", "Cold start: all see all", "seconds", [
    { name: "fabric-gossip", points: curve(cluster, "convergeMs", 1_000) },
    { name: "Fabric (Go)", points: goes.map((go) => [go.members, mean(go.convergeSeconds)]) },
  ]);
  put("memory", "Memory of one member among others in one process", "MB", [
    { name: "fabric-gossip", points: curve(cluster, "rssMbPerMember") },
    {
      name: "Fabric (Go)",
      points: GO.flatMap(({ members, memoryMb }) =>
        memoryMb ? [[members, memoryMb] as const] : [],
      ),
    },
  ]);
  put("scale", "Messages that one member sends", "a second", [
    { name: "real sockets", points: curve(cluster, "messagesPerMemberSecond") },
    { name: "simulated whole", points: curve(simulator, "messagesPerMemberSecond") },
    { name: "spreading only", points: spreadCurve(named(results, "spread-")) },
  ]);
  return made;
}

function curve(from: readonly Measured[], path: string, per = 1): readonly [number, number][] {
  return from.flatMap((one): [number, number][] => {
    const [members, value] = [numberAt(one, "members"), numberAt(one, path)];
    return members === undefined || value === undefined ? [] : [[members, value / per]];
  });
}

/** One heartbeat per member every five seconds, times its copies. */
function spreadCurve(spread: readonly Measured[]): readonly [number, number][] {
  return curve(spread, "copies").map(([members, copies]) => [members, (copies * members) / 5]);
}
