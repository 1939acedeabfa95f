/** A member as we know it, and the message that tells of it. */
import type { PeerTime } from "../../wire/messages.ts";
import type { Alive } from "../../wire/received.ts";
import type { Identity, PkiId } from "./host.ts";

/** How an alive message reached us: from its author, by gossip, or in somebody else's list. */
export type Hearing = "itself" | "gossip" | "list";

/** By which way one reached us, and its time if we pass it on. */
export interface HowHeard {
  readonly hearing: Hearing;
  readonly relayed: PeerTime | undefined;
}

export const LISTED: HowHeard = { hearing: "list", relayed: undefined };

/** A member as we know it. Replaced, never changed but by what only confirms it: tables/confirm.ts. */
export interface Member {
  readonly pkiId: PkiId;
  readonly mspId: string;
  /** Its identity: the one that the table of identities has. */
  readonly author: Identity;
  readonly status: "alive" | "dead";
  /** External endpoint; may be empty. */
  readonly endpoint: string;
  /** Known for members of our own organisation only. */
  readonly internalEndpoint: string | undefined;
  readonly metadata: Uint8Array;
  /** Time of the newest alive message, from wherever it came. */
  readonly time: PeerTime;
  /** The newest alive message itself. */
  readonly alive: Alive;
  /**
   * Time of the newest alive message that was gossiped to us or came from the member itself;
   * undefined: only lists have told of it. Nothing in a list can make such a message late: whoever
   * passes a true message on early must not silence its author.
   */
  readonly firstHand: PeerTime | undefined;
  /** Elapsed time at which the newest alive message arrived. */
  readonly lastSeenMs: number;
  /**
   * Elapsed time at which it was last heard of otherwise than from a list: lists may be old, and pass
   * what is in them from one to the other.
   */
  readonly heardMs: number;
  /** Elapsed time at which the present status began. */
  readonly sinceMs: number;
  /** Time of the newest alive message that was gossiped to us: older ones are not relayed again. */
  readonly relayed: PeerTime | undefined;
  /** Next attempt to reach a dead member. */
  readonly reconnectAtMs: number;
  /** A send to it failed, and a ping has yet to confirm that it is gone. */
  readonly isSuspect: boolean;
  /**
   * It was declared dead as unreachable, and others have brought news of it since: we cannot reach it
   * although it lives. Only silence makes it dead again, until it connects or is started anew.
   */
  readonly isCutOff: boolean;
  /**
   * When a ping found it gone: time of the newest message known then, or told while it may still have
   * been on its way. Only what is newer has been said since.
   */
  readonly knownAtDeath: PeerTime | undefined;
}

/** What its newest message tells of it. */
export type Described = Pick<
  Member,
  | "pkiId"
  | "mspId"
  | "author"
  | "endpoint"
  | "internalEndpoint"
  | "metadata"
  | "time"
  | "alive"
  | "relayed"
>;
