/**
 * What an alive message may do depends on the way it came. Here are all differences, in two tables:
 * whose word it is, and what the kind of message that brought it entitles it to. Spec B 1.5 to 1.7.
 */
import type { AliveSource } from "../types/claim.ts";
import type { PkiId } from "../types/host.ts";
import type { Hearing } from "../types/member.ts";

/** How much the word of somebody counts. */
export interface Weight {
  /** Nothing that a list told before can make it late. */
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
  /** Whose word it is, unless its author brought it. */
  readonly hearing: Hearing;
  /** It says that its author is alive, not that it is dead. */
  readonly isLife: boolean;
  /** It is passed on, once: so it is also used if we know it but have not passed it on. */
  readonly isRelayed: boolean;
  /** Whoever sent it gets an answer, whether it tells anything new or not. */
  readonly isAnswered: boolean;
  /** If it tells much that is new, gossip has missed something: we ask others sooner. */
  readonly showsGaps: boolean;
  /**
   * It waits until its author's identity is known, and takes the place of what has a lower priority;
   * undefined: it does not wait.
   */
  readonly waitPriority: number | undefined;
}

export const RIGHTS: Readonly<Record<AliveSource, Rights>> = {
  gossip: {
    hearing: "gossip",
    isLife: true,
    isRelayed: true,
    isAnswered: false,
    showsGaps: false,
    waitPriority: 2,
  },
  request: {
    hearing: "itself",
    isLife: true,
    isRelayed: false,
    isAnswered: true,
    showsGaps: false,
    waitPriority: undefined,
  },
  "listed-alive": {
    hearing: "list",
    isLife: true,
    isRelayed: false,
    isAnswered: false,
    showsGaps: true,
    waitPriority: 1,
  },
  "listed-dead": {
    hearing: "list",
    isLife: false,
    isRelayed: false,
    isAnswered: false,
    showsGaps: false,
    waitPriority: 0,
  },
};

/** Whose word it is that somebody is alive. */
export function hearingOf(source: AliveSource, author: PkiId, from: PkiId): Hearing {
  return author === from ? "itself" : RIGHTS[source].hearing;
}
