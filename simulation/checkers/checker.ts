/**
 * Checkers stand apart from what they check: they read public views, events and what is on the wire,
 * and compare them with what is true in the world.
 */
import type { Counts } from "../../src/observe/counters.ts";
import type { Connection, Identity, Member as MemberView } from "../../src/observe/views.ts";
import type { Life, SimulatedMember } from "../member.ts";
import type { Watcher } from "../world.ts";

/** What a node shows to the outside at one moment. */
export interface Snapshot {
  readonly members: readonly MemberView[];
  readonly identities: readonly Identity[];
  readonly connections: readonly Connection[];
  readonly counts: Counts;
}

export interface Checker {
  readonly watcher?: Watcher;
  /** Told what a running node shows, about once in a second. */
  snapshot?(life: Life, snapshot: Snapshot, nowMs: number): void;
}

/** A violation, in one sentence that names the nodes and what was seen. */
export type Report = (atMs: number, sentence: string) => void;

export interface Violations {
  /** The same sentence at another time is no news. */
  readonly report: Report;
  readonly sentences: readonly string[];
}

const SENTENCES_MAX = 50;

export function createViolations(): Violations {
  const sentences: string[] = [];
  const told = new Set<string>();
  return {
    sentences,
    report(atMs, sentence) {
      if (told.has(sentence) || sentences.length >= SENTENCES_MAX) return;
      told.add(sentence);
      sentences.push(`after ${(atMs / 1_000).toFixed(1)} s: ${sentence}`);
    },
  };
}

/** A member and its certificate, at a glance. */
export function who(member: SimulatedMember | undefined, pkiId: string): string {
  return `${member?.name ?? "somebody unknown"} (${pkiId.slice(0, 8)})`;
}
