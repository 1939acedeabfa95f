/**
 * Checkers are independent of what they check. They read public views, events and wire traffic,
 * and compare these with the ground truth of the world.
 */
import type { Channel } from "../../src/following/views.ts";
import type { Counts } from "../../src/observe/counters.ts";
import type { Connection, Identity, Member as MemberView } from "../../src/observe/views.ts";
import type { Life, SimulatedMember } from "../member.ts";
import type { Watcher } from "../watcher.ts";

/** The public view of a node at one moment. */
export interface Snapshot {
  readonly members: readonly MemberView[];
  readonly identities: readonly Identity[];
  readonly connections: readonly Connection[];
  readonly counts: Counts;
  readonly channels: readonly Channel[];
}

export interface Checker {
  readonly watcher?: Watcher;
  /** Receives the public view of a running node about once a second. */
  snapshot?(life: Life, snapshot: Snapshot, nowMs: number): void;
}

/** Reports a violation in one sentence that names the nodes and the observation. */
export type Report = (atMs: number, sentence: string) => void;

export interface Violations {
  /** Repeated sentences are reported once. */
  readonly report: Report;
  readonly sentences: readonly string[];
  /** Adds sentences of another thread. */
  add(sentences: readonly string[]): void;
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
    add(others) {
      for (const sentence of others) {
        if (!sentences.includes(sentence) && sentences.length < SENTENCES_MAX)
          sentences.push(sentence);
      }
    },
  };
}

/** Short text for a member and its certificate. */
export function who(member: SimulatedMember | undefined, pkiId: string): string {
  return `${member?.name ?? "somebody unknown"} (${pkiId.slice(0, 8)})`;
}
