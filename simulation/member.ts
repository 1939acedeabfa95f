/** One member of a simulated world: its place, its certificate, and its process while it runs. */
import type { PkiId } from "../src/core/types/host.ts";
import type { GossipNode } from "../src/node/node.ts";
import type { Issued } from "./authority.ts";
import type { Process } from "./process.ts";

export interface SimulatedMemberPlan {
  readonly name: string;
  readonly mspId: string;
  /** Its address on the network. */
  readonly internalEndpoint: string;
  /** Empty = unknown outside its organisation. */
  readonly externalEndpoint: string;
  readonly bootstrap: readonly string[];
  readonly anchorPeers: readonly string[];
  /** Milliseconds for which it reads nothing after each message; 0 = as fast as they come. */
  readonly readMs: number;
  readonly windowBytes: number;
  /** Probability that it sends a message twice. */
  readonly duplicates: number;
}

/** A life begins with the start of a process and ends with it. */
export interface Life {
  readonly member: SimulatedMember;
  /** Counts the lives of this world from 0. */
  readonly number: number;
  readonly process: Process;
  readonly node: GossipNode;
  readonly bornMs: number;
}

export interface SimulatedMember extends SimulatedMemberPlan {
  /** Counts the members of this world from 0. */
  readonly index: number;
  /** Its present certificate. */
  issued: Issued;
  /** Certificates on the revocation list that it has, and when it read of them. */
  readonly revoked: Map<PkiId, number>;
  /** Undefined while no process runs. */
  life: Life | undefined;
  /** How far its wall clock is ahead of the true time, in milliseconds. */
  skewMs: number;
  /** The incarnation of its last life, which it may or may not remember. */
  lastIncarnation: bigint;
  /** Not one of ours: an authenticated member that does what it likes. */
  readonly isHostile: boolean;
  /** It has left for good: nobody starts it again. */
  hasLeft: boolean;
}

/** Whether the two may know each other at all: of one organisation, or both known outside theirs. */
export function maySee(observer: SimulatedMemberPlan, subject: SimulatedMemberPlan): boolean {
  if (observer.mspId === subject.mspId) return true;
  return observer.externalEndpoint !== "" && subject.externalEndpoint !== "";
}
