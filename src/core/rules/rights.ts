/** What the source of an alive message decides: how much its word counts, and what follows from it. */
import type { AliveSource } from "../types/claim.ts";
import type { Hearing } from "../types/member.ts";

/** Trust in a source of alive messages. */
export interface Weight {
  /** Entries of earlier lists do not make it stale. */
  readonly isFirstHand: boolean;
  /** The author is at the other end of a connection: nobody can replay that. */
  readonly isPresent: boolean;
}

export const WEIGHT: Readonly<Record<Hearing, Weight>> = {
  itself: { isFirstHand: true, isPresent: true },
  gossip: { isFirstHand: true, isPresent: false },
  list: { isFirstHand: false, isPresent: false },
};

export interface Rights {
  /** The source, unless its author sent it. */
  readonly hearing: Hearing;
  /** It says that its author is alive, not that it is dead. */
  readonly isLife: boolean;
  /** It is relayed once, so a known message is still used if it was not relayed. */
  readonly isRelayed: boolean;
  /** The sender gets an answer even without news. */
  readonly isAnswered: boolean;
  /** Much news means that gossip missed something, so we query others sooner. */
  readonly showsGaps: boolean;
  /**
   * It waits until its author's identity is known, and takes the place of what has a lower priority;
   * undefined: it does not wait.
   */
  readonly waitPriority: number | undefined;
}

/** What most sources do not have. */
const PLAIN = { isRelayed: false, isAnswered: false, showsGaps: false } as const;

export const RIGHTS: Readonly<Record<AliveSource, Rights>> = {
  gossip: { ...PLAIN, hearing: "gossip", isLife: true, isRelayed: true, waitPriority: 2 },
  request: { ...PLAIN, hearing: "itself", isLife: true, isAnswered: true, waitPriority: undefined },
  "listed-alive": { ...PLAIN, hearing: "list", isLife: true, showsGaps: true, waitPriority: 1 },
  "listed-dead": { ...PLAIN, hearing: "list", isLife: false, waitPriority: 0 },
};
