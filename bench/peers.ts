/**
 * Other gossip systems beside ours, in the same run on the same machine, with a message from each
 * member every five seconds. Missing systems are skipped with a sentence.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { measureVerification, round } from "./measure.ts";
import { runForJson } from "./program.ts";

export interface PeersOptions {
  readonly members: number;
  /** Duration of the steady-state measurement, and settling time before it. */
  readonly seconds: number;
  readonly settleSeconds: number;
  readonly progress: (sentence: string) => void;
}

/** Figures of each system; null: not available. */
const FIELDS = [
  "convergeMs",
  "cpuMsPerMemberSecond",
  "bytesPerMemberSecond",
  "connectionsPerMember",
  "killSeenByAllMs",
  "rssMbPerMember",
] as const;

type Figures = Readonly<Record<(typeof FIELDS)[number], number | null>>;

export interface PeersRow extends Figures {
  readonly name: string;
  /** CPU time per member and second, in verifications of this run. */
  readonly verificationsPerMemberSecond: number | null;
}

export interface PeersResult {
  readonly members: number;
  /** Microseconds of one P-256 verification, before and after. */
  readonly verifyUs: number;
  readonly rows: readonly PeersRow[];
  /** Skipped systems, with the reason. */
  readonly missing: readonly string[];
}

export async function benchPeers(options: PeersOptions): Promise<PeersResult> {
  const { members, seconds, settleSeconds, progress } = options;
  const args = ["--members", members, "--seconds", seconds, "--settle", settleSeconds].map(String);
  const ours = (name: string) => (): Promise<object> =>
    runForJson<object>("bench/run.ts", [name, ...args, "--json"]);
  const others: readonly (readonly [string, () => Promise<object>])[] = [
    ["fabric-gossip", ours("cluster")],
    ["Fabric's gossip", () => runFabric(args)],
    ["libp2p gossipsub", ours("gossipsub")],
  ];
  const before = measureVerification();
  const measured: (readonly [string, Figures])[] = [];
  const missing: string[] = [];
  for (const [name, run] of others) {
    progress(`${members} members of ${name}`);
    try {
      measured.push([name, figuresOf(await run())]);
    } catch (error) {
      missing.push(`${name}: ${error instanceof Error ? error.message.trim() : String(error)}`);
    }
  }
  const verifyUs = (before + measureVerification()) / 2;
  const rows = measured.map(([name, figures]) => ({
    name,
    verificationsPerMemberSecond: inVerifications(figures.cpuMsPerMemberSecond, verifyUs),
    ...figures,
  }));
  return { members, verifyUs: round(verifyUs, 1), rows, missing };
}

function inVerifications(cpuMs: number | null, verifyUs: number): number | null {
  return cpuMs === null ? null : round((cpuMs * 1_000) / verifyUs, 1);
}

function figuresOf(result: object): Figures {
  if ("error" in result) throw new Error(String(result.error));
  const figure = (field: string): number | null => {
    const value: unknown = Reflect.get(result, field);
    return typeof value === "number" ? value : null;
  };
  return {
    convergeMs: figure("convergeMs"),
    cpuMsPerMemberSecond: figure("cpuMsPerMemberSecond"),
    bytesPerMemberSecond: figure("bytesPerMemberSecond"),
    connectionsPerMember: figure("connectionsPerMember"),
    killSeenByAllMs: figure("killSeenByAllMs"),
    rssMbPerMember: figure("rssMbPerMember"),
  };
}

/** A user's program: the arguments of `cluster`, and its JSON line at the end. */
async function runFabric(args: readonly string[]): Promise<object> {
  const program = process.env["FABRIC_GOSSIP_BENCH"];
  if (!program) throw new Error("set FABRIC_GOSSIP_BENCH to a program that measures it");
  const { stdout } = await promisify(execFile)(program, [...args]);
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  const result: unknown = last.startsWith("{") ? JSON.parse(last) : undefined;
  if (result === null || typeof result !== "object") {
    throw new Error(`${program} did not end with a line of JSON`);
  }
  return result;
}
