/** A devnet as a user starts it, for tests: a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { MemberRow } from "../src/devnet/supervisor.ts";
import { owned } from "./children.ts";
import { MAIN } from "./main-program.ts";

export interface DevnetProcess {
  readonly process: ChildProcess;
  readonly url: string;
  /** What it has printed so far. */
  readonly output: () => string;
  /** SIGTERM; resolves with the exit code. May be called twice. */
  readonly stop: () => Promise<number | null>;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Time to start, on a busy machine. */
const STARTED_MAX_MS = 120_000;

/** Starts `fabric-gossip devnet` and resolves when the dashboard's address is printed. */
export async function startDevnet(
  options: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<DevnetProcess> {
  const child = spawnDevnet(options, env);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const exited = once(child, "exit");
  const url = await eventually("its address is printed", async () => {
    if (child.exitCode !== null) throw new Error(`devnet ended with ${child.exitCode}: ${output}`);
    return /dashboard: (\S+)/.exec(output)?.[1];
  });
  return {
    process: child,
    url,
    output: () => output,
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
      return child.exitCode;
    },
  };
}

/** Runs a devnet that is expected to end by itself. */
export async function runDevnet(options: readonly string[]): Promise<Ended> {
  const child = spawnDevnet(options, {});
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const timer = setTimeout(() => child.kill("SIGTERM"), STARTED_MAX_MS);
  await once(child, "close");
  clearTimeout(timer);
  return { code: child.exitCode, stdout, stderr };
}

function spawnDevnet(options: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [MAIN, "devnet", ...options], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  return owned(child);
}

/** Asks again and again until there is an answer; `what` says what was expected. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  maxMs: number = STARTED_MAX_MS,
): Promise<T> {
  const deadlineMs = performance.now() + maxMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadlineMs) throw new Error(`not within ${maxMs} ms: ${what}`);
    await sleep(50);
  }
}

/** Whether something listens on a port of this machine. A paused process still does. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** The ports of a member that listen. */
export async function portsOpen(members: readonly MemberRow[]): Promise<readonly number[]> {
  const ports = members.flatMap(({ endpoint, operations }) => [
    Number(endpoint.split(":")[1]),
    Number(new URL(operations).port),
  ]);
  const open = await Promise.all(ports.map(isListening));
  return ports.filter((_, index) => open[index]);
}
