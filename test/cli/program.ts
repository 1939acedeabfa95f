/** Runs the command line as a user does: a process, its output, its exit code. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type GeneratedOrganisation, generateOrganisation } from "../../src/msp/generate.ts";
import { owned } from "../children.ts";
import { MAIN } from "../main-program.ts";
import { freePort } from "../ports.ts";

export { MAIN };

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly finished: Promise<Finished>;
}

/** Starts the program with nothing but this environment. It is killed when the test ends. */
export function launch(
  t: TestContext,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Running {
  const { PATH = "", HOME = "" } = process.env;
  const child = owned(spawn(process.execPath, [MAIN, ...args], { env: { PATH, HOME, ...env } }));
  t.after(() => child.kill("SIGKILL"));
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk;
  });
  const finished = new Promise<Finished>((resolve) => {
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
  return { child, output: () => stdout + stderr, finished };
}

/** Runs the program to its end. */
export function run(
  t: TestContext,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  return launch(t, args, env).finished;
}

/** Waits until the condition holds; throws with the description after `deadlineMs`. */
export async function until(
  description: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 120_000,
): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${deadlineMs} ms: ${description}`);
    await sleep(20);
  }
}

/** A temporary folder, removed when the test ends. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "fabric-gossip-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function organisation(
  folder: string,
  domain = "org1.example.com",
): Promise<GeneratedOrganisation> {
  return generateOrganisation({
    folder,
    domain,
    peers: 3,
    sans: ["localhost", "127.0.0.1"],
    nowMs: Date.now(),
  });
}

export interface PeerPorts {
  readonly port: number;
  readonly operations: number;
}

/** The environment of `peer node start` for one peer of the organisation. */
export function peerEnvironment(
  { peers }: GeneratedOrganisation,
  index: number,
  { port, operations }: PeerPorts,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const folder = peers[index]?.folder ?? "";
  return {
    CORE_PEER_ID: `peer${index}`,
    CORE_PEER_LOCALMSPID: "Org1MSP",
    CORE_PEER_MSPCONFIGPATH: join(folder, "msp"),
    CORE_PEER_ADDRESS: `127.0.0.1:${port}`,
    CORE_PEER_LISTENADDRESS: `127.0.0.1:${port}`,
    CORE_PEER_GOSSIP_EXTERNALENDPOINT: `127.0.0.1:${port}`,
    CORE_PEER_TLS_ENABLED: "true",
    CORE_PEER_TLS_CERT_FILE: join(folder, "tls/server.crt"),
    CORE_PEER_TLS_KEY_FILE: join(folder, "tls/server.key"),
    CORE_PEER_TLS_ROOTCERT_FILE: join(folder, "tls/ca.crt"),
    CORE_OPERATIONS_LISTENADDRESS: `127.0.0.1:${operations}`,
    ...more,
  };
}

export async function ports(): Promise<PeerPorts> {
  return { port: await freePort(), operations: await freePort() };
}

/** GETs JSON from a member's operations endpoint; undefined while it does not answer. */
export async function get<T>(operations: number, path: string): Promise<T | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${operations}${path}`);
    return (await response.json()) as T;
  } catch {
    return undefined; // Not up yet, or gone: the caller asks again or gives up.
  }
}
