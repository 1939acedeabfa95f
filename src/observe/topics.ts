/** What members of our kind say to each other, as programs see it. */
import type { Member } from "./views.ts";

/** Whom something is for; empty: every member of our kind, ourselves among them. */
export interface Audience {
  /** Members that have all of these tags with these values; default: any. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Members of one of these organisations (MSP-IDs, at most 32); default: any. Others do not carry it. */
  readonly organisations?: readonly string[];
}

/** What a member has said to others. */
export interface TopicEvent {
  /** No other event has it: author, life of its process, number. */
  readonly id: string;
  /** What it is about. */
  readonly topic: string;
  /** Who said and signed it, as known at this moment. */
  readonly from: Member;
  /** At most 16 KiB. */
  readonly payload: Uint8Array;
  /** When it was said, by the clock of its author. */
  readonly time: Date;
}

/** What a member asks of others. */
export interface TopicQuery extends TopicEvent {
  /** How long the asker waits for answers, in milliseconds. */
  readonly timeoutMs: number;
}

/** What one member answered. */
export interface Answer {
  /** Who answered, over a connection that proves it. */
  readonly from: Member;
  /** At most 16 KiB. */
  readonly payload: Uint8Array;
  /** When it reached us. */
  readonly time: Date;
}

/** Why somebody who was asked gave no answer. */
export type NoAnswerReason =
  /** Nothing came, so far. */
  | "silent"
  /** Its program answers no queries of this topic. */
  | "no-answerer"
  /** Its program threw, gave no bytes or too many, or took too long. */
  | "failed"
  /** It has more queries to answer than it takes. */
  | "busy";

/** Somebody who was asked and gave no answer. */
export interface Unanswered {
  readonly member: Member;
  readonly reason: NoAnswerReason;
}

/** A query on its way. Iterate it once, for the answers as they come. */
export interface Query extends AsyncIterable<Answer, undefined> {
  /** Who was asked and has not answered, at this moment; complete when the iteration has ended. */
  readonly unanswered: readonly Unanswered[];
}

/** Consistent hashing over the living members. */
export interface MemberRing {
  /**
   * The `count` members that own the key at this moment, default 1, the first owner first; fewer if
   * there are fewer. Members that see the same members name the same owners.
   */
  owners(key: string, count?: number): readonly Member[];
}

/** How a service is: as its member says of itself, unless that is dead. */
export type ServiceHealth = "passing" | "warning" | "critical" | "dead";

/** A member that offers something: one with the tag `role`. */
export interface Service {
  /** Its tag `role`. */
  readonly name: string;
  /** Its tag `health`, else `passing`; `dead` if the member is. */
  readonly health: ServiceHealth;
  /** Its other tags: where it can be reached, for example. */
  readonly tags: Readonly<Record<string, string>>;
  readonly member: Member;
}

const HEALTHS: ReadonlySet<string> = new Set<ServiceHealth>(["passing", "warning", "critical"]);

/** What the members offer, by name; the healthy first. */
export function servicesOf(members: readonly Member[]): Service[] {
  const services = members.flatMap((member): Service[] => {
    const { role, health, ...tags } = member.tags;
    if (role === undefined) return [];
    return [{ name: role, health: healthOf(member, health), tags, member }];
  });
  const ranks: readonly ServiceHealth[] = ["passing", "warning", "critical", "dead"];
  return services.sort((a, b) => {
    if (a.name !== b.name) return a.name < b.name ? -1 : 1;
    const rank = ranks.indexOf(a.health) - ranks.indexOf(b.health);
    return rank !== 0 ? rank : a.member.pkiId < b.member.pkiId ? -1 : 1;
  });
}

function healthOf({ status }: Member, health = "passing"): ServiceHealth {
  if (status === "dead") return "dead";
  // What nobody can make sense of is not healthy.
  return HEALTHS.has(health) ? (health as ServiceHealth) : "critical";
}
