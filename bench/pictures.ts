/** Results as charts: ours beside other systems', and growth with the number of members. */
import { type Measured, numberAt, rowsAt, valueAt } from "./all.ts";
import { lineChart, type Series } from "./chart.ts";
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
  const peers = named(results, "peers-");
  put(
    "cpu",
    "Processor time of one member",
    "verifications a second",
    beside(cluster, peers, "verificationsPerMemberSecond"),
  );
  put(
    "converge",
    "Cold start: all see all",
    "seconds",
    beside(cluster, peers, "convergeMs", 1_000),
  );
  put(
    "memory",
    "Memory of one member among others in one process",
    "MB",
    beside(cluster, peers, "rssMbPerMember"),
  );
  put("scale", "Messages that one member sends", "a second", [
    { name: "real sockets", points: curve(cluster, "messagesPerMemberSecond") },
    { name: "simulated whole", points: curve(simulator, "messagesPerMemberSecond") },
    { name: "spreading only", points: spreadCurve(named(results, "spread-")) },
  ]);
  return made;
}

const OTHERS = ["Fabric's gossip", "libp2p gossipsub"];

/** Ours at all sizes, and the others as far as they were measured. */
function beside(
  cluster: readonly Measured[],
  peers: readonly Measured[],
  path: string,
  per = 1,
): readonly Series[] {
  const others = OTHERS.map((name) => {
    const points = peers.flatMap((one): [number, number][] => {
      const [members, values] = [numberAt(one, "members"), rowsAt(one, "rows")];
      const value = numberAt(
        values.find((system) => valueAt(system, "name") === name),
        path,
      );
      return members === undefined || value === undefined ? [] : [[members, value / per]];
    });
    return { name, points };
  });
  return [{ name: "fabric-gossip", points: curve(cluster, path, per) }, ...others];
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
