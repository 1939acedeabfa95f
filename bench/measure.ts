/** Machine calibration, waiting, and interleaved comparison of tasks. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Microseconds of one P-256 verification over 300 bytes, the best of five runs. */
export function measureVerification(): number {
  const verifyOnce = verification();
  const runs = Array.from({ length: 5 }, () => {
    const times = 2_000;
    const before = cpuUs();
    for (let i = 0; i < times; i++) verifyOnce();
    return (cpuUs() - before) / times;
  });
  return Math.min(...runs);
}

/** One P-256 verification over 300 bytes. */
export function verification(): () => boolean {
  const pair = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "der" },
    privateKeyEncoding: { type: "pkcs8", format: "der" },
  });
  const publicKey = createPublicKey({ key: pair.publicKey, format: "der", type: "spki" });
  const privateKey = createPrivateKey({ key: pair.privateKey, format: "der", type: "pkcs8" });
  const message = Buffer.alloc(300, 7);
  const signature = sign("sha256", message, privateKey);
  return () => verify("sha256", message, publicKey, signature);
}

/** CPU microseconds of this process so far, in all threads. */
export function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** A task to measure. */
export interface Task {
  /** Operations per run. */
  readonly times: number;
  /** Preparation before each round, not measured. */
  readonly prepare?: () => void;
  readonly run: () => void | Promise<void>;
}

/** Median CPU microseconds per operation for each task. See {@link sampleTurns}. */
export async function takeTurns(
  tasks: readonly Task[],
  rounds: number,
): Promise<readonly number[]> {
  return (await sampleTurns(tasks, rounds)).map(median);
}

/**
 * CPU microseconds per operation for each task, one sample a round. In a round each task runs once, so that
 * disturbances affect all alike, and each of them is as often the first after the preparation, which leaves the
 * caches of the processor to nobody. Warm-up rounds do not count.
 */
export async function sampleTurns(
  tasks: readonly Task[],
  rounds: number,
): Promise<readonly (readonly number[])[]> {
  const turns = tasks.map((task) => ({ task, samples: [] as number[] }));
  const collectGarbage = garbageCollector();
  for (let round = -Math.ceil(rounds / 4); round < rounds; round++) {
    for (const { prepare } of tasks) prepare?.();
    for (const { task, samples } of inOrderOf(round, turns)) {
      // Garbage of the previous task must not count towards this one.
      collectGarbage();
      const before = cpuUs();
      await task.run();
      const us = (cpuUs() - before) / task.times;
      if (round >= 0) samples.push(us);
    }
  }
  return turns.map(({ samples }) => samples);
}

/** Begins with each one in turn, and goes forwards and backwards. */
function inOrderOf<T>(round: number, all: readonly T[]): readonly T[] {
  const first = ((round % all.length) + all.length) % all.length;
  const order = [...all.slice(first), ...all.slice(0, first)];
  return Math.floor(round / all.length) % 2 === 0
    ? order
    : [...order.slice(0, 1), ...order.slice(1).toReversed()];
}

/** Collects the young generation. */
function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  return () => {
    if (typeof collect === "function") collect({ type: "minor" });
  };
}

/** Milliseconds until the condition holds; undefined after `maxMs`. It is looked at every `everyMs`. */
export async function waitFor(
  condition: () => boolean | Promise<boolean>,
  maxMs: number,
  everyMs = 5,
): Promise<number | undefined> {
  const startedMs = performance.now();
  while (!(await condition())) {
    if (performance.now() - startedMs > maxMs) return undefined;
    await sleep(everyMs);
  }
  return Math.round(performance.now() - startedMs);
}

/** Waits for it, but no longer than this. */
export async function atMost(ms: number, what: Promise<unknown>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    what.then(done, reject);
  });
}

/** Provides a temporary folder and removes it afterwards. */
export async function inTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "fabric-gossip-bench-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The quantile of the values at this share. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Rounds to a maximum number of decimal places. */
export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
