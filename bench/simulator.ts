/** Speed and memory of the simulator: one calm network per size. */
import { round } from "./measure.ts";
import { runForJson } from "./program.ts";

export interface SimulatorResult {
  readonly minutes: number;
  readonly rows: readonly SimulatorRow[];
}

export interface SimulatorRow {
  readonly members: number;
  /** Virtual seconds per CPU second. */
  readonly speed: number;
  readonly messages: number;
  /** CPU microseconds per message. */
  readonly usPerMessage: number;
  readonly peakRssMb: number;
  /** Memory per pair of members, without the program itself. */
  readonly mbPerPair: number;
  readonly convergeSeconds: number;
  /** Per member and second in the steady state. */
  readonly messagesPerMemberSecond: number;
  readonly bytesPerMemberSecond: number;
  readonly connectionsMean: number;
  /** Copies of each heartbeat per member. */
  readonly copies: number;
}

/** The fields of `simulate --json` that we use. */
interface Summary {
  readonly virtualSeconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
  readonly messages: number;
  readonly convergeSeconds: number;
  readonly dissemination: { readonly copies: number };
  readonly steady: {
    readonly messagesPerSecond: number;
    readonly bytesPerSecond: number;
    readonly connectionsMean: number;
  };
}

/** Each network runs in its own process, for separate memory. */
export async function benchSimulator(
  sizes: readonly number[],
  minutes: number,
  progress: (sentence: string) => void,
): Promise<SimulatorResult> {
  const empty = await simulate(2, 0.1);
  const rows: SimulatorRow[] = [];
  for (const members of sizes) {
    progress(`simulating ${members} members for ${minutes} minutes`);
    const run = await simulate(members, minutes);
    const { virtualSeconds, cpuSeconds, peakRssMb, messages, steady } = run;
    const seconds = Math.max(0.001, cpuSeconds - empty.cpuSeconds);
    rows.push({
      members,
      speed: round(virtualSeconds / cpuSeconds, 1),
      messages,
      usPerMessage: round((seconds * 1e6) / messages, 1),
      peakRssMb,
      mbPerPair: round((peakRssMb - empty.peakRssMb) / (members * (members - 1)), 4),
      convergeSeconds: run.convergeSeconds,
      messagesPerMemberSecond: round(steady.messagesPerSecond, 1),
      bytesPerMemberSecond: Math.round(steady.bytesPerSecond),
      connectionsMean: round(steady.connectionsMean, 2),
      copies: round(run.dissemination.copies, 2),
    });
  }
  return { minutes, rows };
}

async function simulate(members: number, minutes: number): Promise<Summary> {
  const size = [`--nodes=${members}`, `--minutes=${minutes}`];
  const words = ["simulate", "--scenario=calm", "--seed=1", "--json", ...size];
  return runForJson<Summary>("src/cli/main.ts", words);
}
