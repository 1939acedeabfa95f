/**
 * The installed daemon (compiled, own process) in a network of a given size: memory, CPU time and
 * event-loop pauses.
 */
import { type ChildProcess, execFile, fork } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { ROUTINE_WAIT } from "../src/core/handlers/audience.ts";
import { DEFAULT_TIMING } from "../src/core/types/options.ts";
import { freePort, freePorts } from "../test/ports.ts";
import { FakeMembers } from "./fake-members.ts";
import { type Fixtures, MSP_ID, makeFixtures } from "./fixture-identities.ts";
import { inTemporaryFolder, measureVerification, round, waitFor } from "./measure.ts";
import type { MemoryOrder, MemoryReport } from "./memory-probe.ts";
import { tlsOf } from "./tls.ts";

export interface MemoryOptions {
  readonly members: number;
  /** Duration of the steady-state measurement. */
  readonly seconds: number;
  /** Time until pulls and syncs have slowed down, and V8 has compiled what is hot. */
  readonly settleSeconds: number;
  /** Whether neighbours send each heartbeat alone, as Fabric peers do, or gather them as we do. */
  readonly isSingly: boolean;
  readonly progress: (sentence: string) => void;
}

export interface MemoryResult {
  readonly members: number;
  /** From the first connection to a complete view. */
  readonly joinMs: number | null;
  /** Resident megabytes: at the complete view, in the steady state, and the maximum. */
  readonly rssJoinedMb: number;
  readonly rssSteadyMb: number;
  readonly rssPeakMb: number;
  /** Of the steady state: the engine's heap, and buffers outside of it. */
  readonly heapSteadyMb: number;
  readonly buffersSteadyMb: number;
  /** CPU time in the steady state, also in verifications. */
  readonly cpuMsPerSecond: number;
  readonly verifyUs: number;
  readonly verificationsPerSecond: number;
  /** Received heartbeat copies. */
  readonly heartbeatsPerSecond: number;
  readonly connections: number;
  readonly pausesJoining: Pauses;
  readonly pausesSteady: Pauses;
}

/** Event-loop pauses in milliseconds. */
export interface Pauses {
  /** The longest in the process's own CPU time, without other programs. */
  readonly cpuMaxMs: number;
  /** The longest by wall clock. */
  readonly clockMaxMs: number;
  readonly clockP99Ms: number;
}

interface Daemon {
  readonly process: ChildProcess;
  readonly operationsPort: number;
}

const ROOT = join(import.meta.dirname, "..");
const JOIN_MAX_MS = 120_000;
/** How long routine heartbeats wait for others at a neighbour of our kind. */
const GATHER_MS = DEFAULT_TIMING.aliveIntervalMs * ROUTINE_WAIT;

export async function benchMemory(options: MemoryOptions): Promise<MemoryResult> {
  const verifyUs = measureVerification();
  return inTemporaryFolder(async (folder) => {
    options.progress(`compiling; making keys for ${options.members} members`);
    const build = join(folder, "build");
    await compile(build);
    const firstPort = await freePorts(options.members);
    const fixtures = await makeFixtures(folder, options.members, firstPort);
    const fakes = new FakeMembers(
      fixtures,
      await tlsOf(fixtures),
      options.isSingly ? 0 : GATHER_MS,
    );
    await fakes.listen();
    fakes.speak();
    const daemon = startDaemon(build, fixtures, await freePort());
    try {
      return await measure(options, fakes, daemon, verifyUs);
    } finally {
      daemon.process.kill("SIGKILL");
      await fakes.close();
    }
  });
}

async function measure(
  { members, seconds, settleSeconds, progress }: MemoryOptions,
  fakes: FakeMembers,
  { process: daemon, operationsPort }: Daemon,
  verifyUs: number,
): Promise<MemoryResult> {
  progress("starting the daemon");
  const met = await waitFor(() => fakes.connections > 0, JOIN_MAX_MS);
  if (met === undefined) throw new Error("the daemon contacted nobody");
  tell(daemon, "watch");
  const joinedMs = await waitFor(async () => {
    await sleep(200);
    return (await membersAlive(operationsPort)) >= members;
  }, JOIN_MAX_MS);
  const joining = await report(daemon);
  progress(`its view is complete after ${joinedMs} ms; letting it settle`);
  await sleep(settleSeconds * 1_000);
  progress(`twice ${seconds} s of watching`);
  tell(daemon, "count");
  const { sent } = fakes;
  await sleep(seconds * 1_000);
  const steady = await report(daemon);
  const received = fakes.sent - sent;
  tell(daemon, "watch");
  await sleep(seconds * 1_000);
  const watched = await report(daemon);
  const cpuMsPerSecond = steady.cpuMs / steady.seconds;
  return {
    members,
    joinMs: joinedMs ?? null,
    rssJoinedMb: round(joining.rssBytes / 1e6, 1),
    rssSteadyMb: round(steady.rssBytes / 1e6, 1),
    rssPeakMb: round(watched.rssPeakBytes / 1e6, 1),
    heapSteadyMb: round(steady.heapBytes / 1e6, 1),
    buffersSteadyMb: round(steady.externalBytes / 1e6, 1),
    cpuMsPerSecond: round(cpuMsPerSecond, 2),
    verifyUs: round(verifyUs, 1),
    verificationsPerSecond: round((cpuMsPerSecond * 1_000) / verifyUs, 1),
    heartbeatsPerSecond: round(received / steady.seconds, 1),
    connections: fakes.connections,
    pausesJoining: pausesOf(joining),
    pausesSteady: pausesOf(watched),
  };
}

function pausesOf({ busyMaxMs, pauseMaxMs, pauseP99Ms }: MemoryReport): Pauses {
  return {
    cpuMaxMs: round(busyMaxMs, 1),
    clockMaxMs: round(pauseMaxMs, 1),
    clockP99Ms: round(pauseP99Ms, 1),
  };
}

/** As `npm run build`, into a folder of its own. */
export async function compile(build: string): Promise<void> {
  await mkdir(build);
  const compiler = join(ROOT, "node_modules/.bin/tsc");
  const run = promisify(execFile);
  const project = join(ROOT, "tsconfig.build.json");
  const dist = join(build, "dist");
  await run(compiler, ["-p", project, "--outDir", dist]);
  await run(process.execPath, ["build.mjs", dist], { cwd: ROOT });
  await cp(join(ROOT, "package.json"), join(build, "package.json"));
  await symlink(join(ROOT, "node_modules"), join(build, "node_modules"), "junction");
  const probe = ["--ignoreConfig", join(import.meta.dirname, "memory-probe.ts")];
  const settings = ["--target", "es2024", "--module", "nodenext", "--types", "node"];
  const flags = [...settings, "--skipLibCheck", "--outDir", build];
  await run(compiler, [...probe, ...flags], { cwd: ROOT });
}

function startDaemon(build: string, fixtures: Fixtures, operationsPort: number): Daemon {
  const daemon = fork(join(build, "dist/src/cli/main.js"), ["start"], {
    execArgv: ["--import", join(build, "memory-probe.js")],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    env: environmentOf(fixtures, operationsPort),
  });
  return { process: daemon, operationsPort };
}

/** Settings of a daemon that is the first member and has the second as bootstrap peer. */
export function environmentOf(
  { organisation, all }: Fixtures,
  operationsPort: number,
): NodeJS.ProcessEnv {
  const [peer] = organisation.peers;
  const [self, contact] = all;
  if (!peer || !self || !contact) throw new RangeError("ask for at least two members");
  const { PATH = "", HOME = "" } = process.env;
  return {
    PATH,
    HOME,
    CORE_PEER_ID: "peer0",
    CORE_PEER_LOCALMSPID: MSP_ID,
    CORE_PEER_MSPCONFIGPATH: peer.mspFolder,
    CORE_PEER_ADDRESS: self.endpoint,
    CORE_PEER_LISTENADDRESS: self.endpoint,
    CORE_PEER_GOSSIP_EXTERNALENDPOINT: self.endpoint,
    CORE_PEER_GOSSIP_BOOTSTRAP: contact.endpoint,
    CORE_PEER_TLS_ENABLED: "true",
    CORE_PEER_TLS_CERT_FILE: peer.tlsCertFile,
    CORE_PEER_TLS_KEY_FILE: peer.tlsKeyFile,
    CORE_PEER_TLS_ROOTCERT_FILE: peer.tlsCaFile,
    CORE_OPERATIONS_LISTENADDRESS: `127.0.0.1:${operationsPort}`,
  };
}

function tell(daemon: ChildProcess, order: MemoryOrder): void {
  daemon.send(order);
}

async function report(daemon: ChildProcess): Promise<MemoryReport> {
  const answer = once(daemon, "message");
  tell(daemon, "report");
  const [message] = await answer;
  return message;
}

/** From its metrics, including itself. */
async function membersAlive(operationsPort: number): Promise<number> {
  const text = await fetch(`http://127.0.0.1:${operationsPort}/metrics`).then(
    (response) => response.text(),
    () => "", // Not started yet.
  );
  const lines = text.matchAll(/^gossip_members\{.*status="alive".*\} (\d+)$/gm);
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}
