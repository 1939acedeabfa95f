/**
 * A mutation fuzzer: inputs of a corpus, changed a little, go through a decoder that must refuse or
 * read them and do nothing worse. Seed and number of an input decide it, given the same corpus.
 */
import { performance } from "node:perf_hooks";
import { seededRandom } from "../../src/core/testing-identities.ts";
import { type Material, mutate, placesIn } from "./mutate.ts";
import type { Grammar } from "./tree.ts";

/** Something that reads bytes of others. */
export interface Target extends Material {
  readonly name: string;
  /**
   * Reads the input and throws if what came of it breaks a rule. Returns in a word what became of
   * it, for the counts.
   */
  readonly check: (input: Uint8Array) => string | Promise<string>;
  /** The decoder alone, to be timed where the checks take longer; default: `check`. */
  readonly read?: (input: Uint8Array) => unknown;
  /** How long one input may take by hand, in milliseconds; default 20, as long as any event may. */
  readonly slowMs?: number;
}

export interface Failure {
  /** Number of the input; undefined: it came from the corpus. */
  readonly iteration: number | undefined;
  readonly input: Uint8Array;
  readonly reason: string;
}

export interface Report {
  readonly inputs: number;
  /** What became of the inputs: how often, and the first one. */
  readonly outcomes: ReadonlyMap<string, { readonly times: number; readonly first: Uint8Array }>;
  /** The first failure of each kind. */
  readonly failures: readonly Failure[];
  /** Longest time for one input, in milliseconds, at the second look. */
  readonly slowestMs: number;
}

export interface FuzzOptions {
  readonly seed: number;
  readonly inputs: number;
  /** Number of the first input; default 0. */
  readonly from?: number;
  /** Whether inputs that take longer than the target allows, twice, are failures. */
  readonly isTimed?: boolean;
  /** Called after every thousand inputs. */
  readonly onProgress?: (done: number, failures: number) => void;
}

/** The outcome of inputs that broke a rule. */
export const FAILED = "FAILED";

const FAILURES_MAX = 10;
/** Of making an input smaller. */
const ATTEMPTS_MAX = 1_500;
/** Before single fields, parts as large as this fraction of the input are left out. */
const COARSE_PARTS = 64;
const SLOW_MS = 20;
/** The quickest of so many counts: the first ones compile code and collect garbage. */
const TIMED_LOOKS = 8;

/** The input of this number. */
export function inputOf(target: Target, seed: number, iteration: number): Uint8Array {
  const mixed = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(iteration + 1, 0x85ebca77);
  return mutate(target, seededRandom(Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)));
}

/** Feeds so many inputs to the target. */
export async function fuzz(target: Target, options: FuzzOptions): Promise<Report> {
  const { seed, inputs, from = 0, isTimed = false } = options;
  const { slowMs = SLOW_MS } = target;
  const outcomes = new Map<string, { times: number; first: Uint8Array }>();
  const failures = new Map<string, Failure>();
  let slowestMs = 0;
  for (let iteration = from; iteration < from + inputs; iteration++) {
    const input = inputOf(target, seed, iteration);
    const startMs = performance.now();
    const { outcome, reason } = await examine(target, input);
    const alike = outcomes.get(outcome);
    if (alike === undefined) outcomes.set(outcome, { times: 1, first: input });
    else alike.times += 1;
    if (reason !== undefined) remember(failures, { iteration, input, reason });
    if (isTimed && performance.now() - startMs > slowestMs) {
      // A pause of the garbage collector does not come at the same place again.
      const tookMs = await quickestMs(target, input);
      slowestMs = Math.max(slowestMs, tookMs);
      if (isTimed && tookMs > slowMs) {
        remember(failures, { iteration, input, reason: `slow: took more than ${slowMs} ms` });
      }
    }
    if ((iteration + 1) % 1_000 === 0) options.onProgress?.(iteration + 1 - from, failures.size);
    if (failures.size >= FAILURES_MAX) break;
  }
  return { inputs, outcomes, failures: [...failures.values()], slowestMs };
}

/** Feeds one input; `reason` says which rule was broken. */
export async function examine(
  { check }: Target,
  input: Uint8Array,
): Promise<{ readonly outcome: string; readonly reason?: string }> {
  try {
    const outcome = check(input);
    return { outcome: typeof outcome === "string" ? outcome : await outcome };
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { outcome: FAILED, reason };
  }
}

/** In processor time of this thread, lest other programs make an input slow. */
async function quickestMs(target: Target, input: Uint8Array): Promise<number> {
  let quickestMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TIMED_LOOKS; i++) {
    const startMs = busyMs();
    if (target.read === undefined) await examine(target, input);
    else target.read(input);
    quickestMs = Math.min(quickestMs, busyMs() - startMs);
  }
  return quickestMs;
}

function busyMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

function remember(failures: Map<string, Failure>, failure: Failure): void {
  const kind = kindOf(failure.reason);
  if (!failures.has(kind)) failures.set(kind, failure);
}

/** Two failures of one kind are probably one mistake: the sentence without its numbers. */
function kindOf(reason: string): string {
  return (reason.split("\n")[0] ?? "").replaceAll(/[0-9a-f]*\d[0-9a-f]*/g, "#").slice(0, 100);
}

/** The smallest input we find that fails in the same way. */
export async function minimise(target: Target, failure: Failure): Promise<Uint8Array> {
  const kind = kindOf(failure.reason);
  const failsAlike = async (input: Uint8Array): Promise<boolean> => {
    const { reason } = await examine(target, input);
    return reason !== undefined && kindOf(reason) === kind;
  };
  if (!(await failsAlike(failure.input))) return failure.input; // It was slow, not wrong.
  return shrink(target.grammar, failure.input, failsAlike);
}

type Holds = (smaller: Uint8Array) => Promise<boolean>;

/** Makes the input smaller as long as the condition holds, which is asked a few thousand times. */
export async function shrink(
  grammar: Grammar,
  input: Uint8Array,
  holds: Holds,
): Promise<Uint8Array> {
  const fewer = await dropBytes(input, 1 + input.length / COARSE_PARTS, holds);
  return dropBytes(await dropFields(grammar, fewer, holds), 1, holds);
}

/** Leaves out one field after the other, the lengths around it corrected, if the condition holds. */
async function dropFields(grammar: Grammar, input: Uint8Array, holds: Holds): Promise<Uint8Array> {
  let bytes = input;
  let nth = 0;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const fields = grammar.parse(bytes);
    const place = fields && placesIn(fields)[nth];
    if (fields === undefined || place === undefined) break;
    place.list.splice(place.index, 1);
    const smaller = grammar.write(fields);
    if (await holds(smaller)) bytes = smaller;
    else nth += 1;
  }
  return bytes;
}

/** Leaves out ever smaller parts, down to so many bytes, as long as the condition holds. */
async function dropBytes(input: Uint8Array, leastBytes: number, holds: Holds): Promise<Uint8Array> {
  let bytes = input;
  let attemptsLeft = ATTEMPTS_MAX;
  for (let size = bytes.length; size >= leastBytes; size = Math.floor(size / 2)) {
    for (let at = 0; at < bytes.length && attemptsLeft > 0; attemptsLeft--) {
      const smaller = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + size)]);
      if (await holds(smaller)) bytes = smaller;
      else at += size;
    }
  }
  return bytes;
}
