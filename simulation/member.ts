/** One member of a simulated world: its place, its certificate, and its process while it runs. */
import type { PkiId } from "../src/core/types/host.ts";
import type { GossipNode } from "../src/node/node.ts";
import type { Issued } from "./authority.ts";
import type { FollowedPlan } from "./channels/channel-plan.ts";
import type { Process } from "./process.ts";

export interface SimulatedMemberPlan {
  readonly name: string;
  readonly mspId: string;
  /** Its address on the network. */
  readonly internalEndpoint: string;
  /** Empty: invisible outside its organisation. */
  readonly externalEndpoint: string;
  readonly bootstrap: readonly string[];
  readonly anchorPeers: readonly string[];
  /** Pause after reading each message, in milliseconds; 0 means none. */
  readonly readMs: number;
  readonly windowBytes: number;
  /** Probability that it sends a message twice. */
  readonly duplicates: number;
  /** Signs anew for each membership request and answer, as a Fabric peer does. */
  readonly signsAfresh: boolean;
  /** Channels that it follows. */
  readonly channels: readonly FollowedPlan[];
}

/** One run of a member's process, from start to end. */
export interface Life {
  readonly member: SimulatedMember;
  /** Index of this life in the world, from 0. */
  readonly number: number;
  readonly process: Process;
  readonly node: GossipNode;
  readonly bornMs: number;
}

/** One that another thread simulates: nobody asks its node here. */
export class LifeElsewhere implements Life {
  readonly member: SimulatedMember;
  readonly number: number;
  readonly process: Process;
  readonly bornMs: number;

  constructor(member: SimulatedMember, number: number, process: Process, bornMs: number) {
    this.member = member;
    this.number = number;
    this.process = process;
    this.bornMs = bornMs;
  }

  get node(): GossipNode {
    throw new Error(`another thread runs the node of ${this.member.name}`);
  }
}

export interface SimulatedMember extends SimulatedMemberPlan {
  /** Index of this member in the world, from 0. */
  readonly index: number;
  /** Current certificate. */
  issued: Issued;
  /** Revoked certificates it knows of, and when it read each revocation. */
  readonly revoked: Map<PkiId, number>;
  /** Undefined while no process runs. */
  life: Life | undefined;
  /** How far its wall clock is ahead of the true time, in milliseconds. */
  skewMs: number;
  /** Incarnation of its previous life, which a restart may or may not keep. */
  lastIncarnation: bigint;
  /** Another thread runs its process. */
  readonly isElsewhere: boolean;
  /** An authenticated attacker. */
  readonly isHostile: boolean;
  /** It has left permanently and never restarts. */
  hasLeft: boolean;
}

/** Before its first start. */
export function createMember(
  plan: SimulatedMemberPlan,
  facts: Pick<SimulatedMember, "index" | "issued" | "isElsewhere" | "isHostile">,
): SimulatedMember {
  const fresh = { life: undefined, skewMs: 0, lastIncarnation: 0n, hasLeft: false };
  return { ...plan, ...facts, ...fresh, revoked: new Map() };
}

export function endpointsOf(member: SimulatedMemberPlan): readonly [string, ...string[]] {
  const { internalEndpoint, externalEndpoint } = member;
  return externalEndpoint === "" ? [internalEndpoint] : [internalEndpoint, externalEndpoint];
}

/** Whether two members may see each other: same organisation, or both visible outside. */
export function maySee(observer: SimulatedMemberPlan, subject: SimulatedMemberPlan): boolean {
  if (observer.mspId === subject.mspId) return true;
  return observer.externalEndpoint !== "" && subject.externalEndpoint !== "";
}
