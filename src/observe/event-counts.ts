/** How often each thing happened that the node tells its host about, for metrics. */
import { BoundedMap } from "../lib/bounded-map.ts";
import type { EventContent } from "./events.ts";
import type { Member } from "./views.ts";

/** Members of one organisation. */
export interface MemberCounts {
  /** Times somebody became a member. */
  joins: number;
  /** Times a dead member came back to life. */
  returns: number;
  /** Returns of members that had not been restarted: they had been there all along. */
  flaps: number;
  /** By reason; all reasons are there from the beginning. */
  readonly deaths: Map<string, number>;
}

/** Faulty blocks of one channel. */
export interface BlockCounts {
  /** Invalid blocks, by the MSP-ID of the giver. */
  readonly rejected: ReadonlyMap<string, number>;
  /** Blocks that members have differently, by kind. */
  readonly conflicts: ReadonlyMap<"fork" | "results", number>;
}

/** Published events since the start, by kind. */
export interface EventCounts {
  /** By MSP-ID. */
  readonly members: ReadonlyMap<string, MemberCounts>;
  /** By reason. */
  readonly membersForgotten: ReadonlyMap<string, number>;
  /** By origin. */
  readonly identitiesLearnt: ReadonlyMap<string, number>;
  /** By reason. */
  readonly identitiesPurged: ReadonlyMap<string, number>;
  /** By code. */
  readonly sendsFailed: ReadonlyMap<string, number>;
  /** By code. */
  readonly contactsFailed: ReadonlyMap<string, number>;
  /** By channel. */
  readonly blocks: ReadonlyMap<string, BlockCounts>;
  /** Kinds of events of which no more is counted, by type. */
  readonly others: ReadonlyMap<string, number>;
}

/** Takes each event once, as it is published. */
export interface EventCounter {
  readonly counts: EventCounts;
  note(event: EventContent): void;
}

/** Dead members whose incarnation is remembered: as many as the largest network we are built for. */
const DEAD_MAX = 20_000;
const DEATH_REASONS = ["silent", "unreachable", "listed-dead"];

export function createEventCounter(): EventCounter {
  const members = new Map<string, MemberCounts>();
  const codes = createCodeCounts();
  const blocks = createBlockCounter();
  /** By PKI-ID: the incarnation with which a member died in our view. */
  const died = new BoundedMap<string, bigint>(DEAD_MAX);

  const countsOf = (member: Member): MemberCounts => countsIn(members, member);
  const noteReturn = (member: Member): void => {
    const counts = countsOf(member);
    counts.returns += 1;
    if (died.get(member.pkiId) === member.incarnation) counts.flaps += 1;
    died.delete(member.pkiId);
  };

  return {
    counts: { members, blocks: blocks.counts, ...codes },
    note(event) {
      switch (event.type) {
        case "member-joined":
          countsOf(event.member).joins += 1;
          return;
        case "member-returned":
          return noteReturn(event.member);
        case "member-dead":
          add(countsOf(event.member).deaths, event.reason);
          // Of one that we have never seen alive we cannot tell.
          if (event.reason !== "listed-dead")
            died.set(event.member.pkiId, event.member.incarnation);
          return;
        case "member-forgotten":
          died.delete(event.member.pkiId);
          return add(codes.membersForgotten, event.reason);
        case "identity-learnt":
          return add(codes.identitiesLearnt, event.learntFrom);
        case "identity-purged":
          return add(codes.identitiesPurged, event.reason);
        case "send-failed":
          return add(codes.sendsFailed, event.code);
        case "contact-failed":
          return add(codes.contactsFailed, event.code);
        case "block-rejected":
        case "block-conflict":
          return blocks.note(event);
        default:
          return add(codes.others, event.type);
      }
    },
  };
}

function countsIn(members: Map<string, MemberCounts>, { mspId }: Member): MemberCounts {
  const known = members.get(mspId ?? "");
  if (known !== undefined) return known;
  // A count that appears only with its first event hides that event from `increase()`.
  const deaths = new Map(DEATH_REASONS.map((reason) => [reason, 0]));
  const counts = { joins: 0, returns: 0, flaps: 0, deaths };
  members.set(mspId ?? "", counts);
  return counts;
}

function createBlockCounter() {
  const counts = new Map<string, ReturnType<typeof createBlockCounts>>();
  return {
    counts,
    note(event: Extract<EventContent, { type: "block-rejected" | "block-conflict" }>): void {
      const { rejected, conflicts } = counts.get(event.channel) ?? createBlockCounts();
      counts.set(event.channel, { rejected, conflicts });
      if (event.type === "block-rejected") add(rejected, event.mspId);
      else add(conflicts, event.kind);
    },
  };
}

function createBlockCounts() {
  const rejected = new Map<string, number>();
  const conflicts = new Map<"fork" | "results", number>([
    ["fork", 0],
    ["results", 0],
  ]);
  return { rejected, conflicts } satisfies BlockCounts;
}

function createCodeCounts() {
  const empty = (): Map<string, number> => new Map();
  return {
    membersForgotten: empty(),
    identitiesLearnt: empty(),
    identitiesPurged: empty(),
    sendsFailed: empty(),
    contactsFailed: empty(),
    others: empty(),
  } satisfies Omit<EventCounts, "members" | "blocks">;
}

export function add<T extends string>(counts: Map<T, number>, code: T, times = 1): void {
  counts.set(code, (counts.get(code) ?? 0) + times);
}
