/** A CPU profile of the main thread by part. */

import type { Profiler } from "node:inspector";
import { Session } from "node:inspector/promises";
import { round } from "./measure.ts";

/** Shares in percent of the non-idle time. */
export interface Share {
  readonly name: string;
  readonly percent: number;
}

export interface ProfileResult {
  /** Active share of the main thread, percent. */
  readonly busyPercent: number;
  readonly parts: readonly Share[];
  readonly functions: readonly Share[];
}

const FUNCTIONS_MAX = 15;
/** Idle time, and the work of the profiler. */
const IDLE = /^\(idle\)| node:inspector/;

/** The first pattern that matches name or file of a frame gives its part. */
const PARTS: readonly (readonly [string, RegExp])[] = [
  ["garbage collection", /^\(garbage collector\)/],
  ["signature checks", /^verifyOneShot /],
  ["signing", /^signOneShot /],
  ["hashes and keys", / node:internal\/crypto/],
  ["timers and queues of Node", / node:internal\/(timers|process|async_hooks|util)/],
  ["TLS, HTTP/2, sockets of Node", / node:/],
  ["reading and writing messages (src/wire)", / src\/wire\//],
  ["protocol (src/core)", / src\/core\//],
  ["links and connections (src/transport)", / src\/transport\//],
  ["judging and signing (src/msp)", / src\/msp\//],
  ["the shell (src)", / src\//],
  ["the benchmark", / bench\//],
  ["the engine and what cannot be told apart", /^\(program\)/],
];

/** Profiles the main thread during an action. */
export async function profile(during: () => Promise<void>): Promise<ProfileResult> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 500 });
  await session.post("Profiler.start");
  await during();
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  return summarise(profile);
}

function summarise({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): ProfileResult {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parentOf = new Map<number, number>();
  for (const { id, children = [] } of nodes) for (const child of children) parentOf.set(child, id);
  const labelOf = (id: number): string => {
    const { functionName = "", url = "" } = byId.get(id)?.callFrame ?? {};
    return `${functionName || "(anonymous)"} ${url.replace(/^file:.*\/(?=src\/|bench\/)/, "")}`;
  };
  const nameOf = (id: number): string => {
    const label = labelOf(id);
    const parent = parentOf.get(id);
    const isNative = label.endsWith(" ") && !label.startsWith("(") && parent !== undefined;
    return isNative ? `${label}of ${labelOf(parent)}` : label;
  };
  /** Native code counts for its caller. */
  const partOf = (id: number): string => {
    for (let at: number | undefined = id; at !== undefined; at = parentOf.get(at)) {
      const label = labelOf(at);
      const part = PARTS.find(([, pattern]) => pattern.test(label));
      if (part) return part[0];
    }
    return "others";
  };
  const [parts, functions] = [new Map<string, number>(), new Map<string, number>()];
  let [busy, all] = [0, 0];
  for (const [index, id] of samples.entries()) {
    const us = timeDeltas[index] ?? 0;
    const label = labelOf(id);
    all += us;
    if (IDLE.test(label)) continue;
    busy += us;
    add(parts, partOf(id), us);
    add(functions, nameOf(id), us);
  }
  return {
    busyPercent: round((100 * busy) / all, 1),
    parts: sharesOf(parts, busy),
    functions: sharesOf(functions, busy).slice(0, FUNCTIONS_MAX),
  };
}

function add(map: Map<string, number>, name: string, us: number): void {
  map.set(name, (map.get(name) ?? 0) + us);
}

function sharesOf(map: ReadonlyMap<string, number>, total: number): readonly Share[] {
  return [...map]
    .map(([name, us]) => ({ name: name.trim(), percent: round((100 * us) / total, 1) }))
    .sort((a, b) => b.percent - a.percent);
}
