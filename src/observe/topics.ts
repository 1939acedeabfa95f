/** What members of our kind say to each other, as programs see it. */
import type { Member } from "./views.ts";

/** Recipients; empty: every member of our kind, ourselves included. */
export interface Audience {
  /** Members with all of these tags; default: any. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Members of one of these organisations (MSP-IDs, at most 32); default: any. Others do not carry it. */
  readonly organisations?: readonly string[];
}

/** An event of a member. */
export interface TopicEvent {
  /** Unique: author, life of its process, number. */
  readonly id: string;
  /** Its topic. */
  readonly topic: string;
  /** Its author, who signed it. */
  readonly from: Member;
  /** At most 16 KiB. */
  readonly payload: Uint8Array;
  /** When its author sent it, by the author's clock. */
  readonly time: Date;
}

/** A query of a member. */
export interface TopicQuery extends TopicEvent {
  /** How long the asker waits for answers, in milliseconds. */
  readonly timeoutMs: number;
}

/** One member's answer. */
export interface Answer {
  /** Its author, proven by the connection. */
  readonly from: Member;
  /** At most 16 KiB. */
  readonly payload: Uint8Array;
  /** When it reached us. */
  readonly time: Date;
}

/** Why a member did not answer. */
export type NoAnswerReason =
  /** No answer so far. */
  | "silent"
  /** Its program answers no queries of this topic. */
  | "no-answerer"
  /** Its program threw, gave no bytes or too many, or took too long. */
  | "failed"
  /** It has too many queries to answer. */
  | "busy";

/** A member that has not answered. */
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

/** Health that the member announces, unless it is dead. */
export type ServiceHealth = "passing" | "warning" | "critical" | "dead";

/** A member with the tag `role`. */
export interface Service {
  /** Its tag `role`. */
  readonly name: string;
  /** Its tag `health`, else `passing`; `dead` if the member is. */
  readonly health: ServiceHealth;
  /** Its other tags. */
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
