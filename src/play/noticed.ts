/** Events and effects of members, in short. */
import type { Effect } from "../core/types/effect.ts";
import type { CoreEvent } from "../core/types/event.ts";

/** An event of a member. */
export interface PlayEvent {
  readonly atMs: number;
  readonly observer: number;
  readonly type: string;
  /** The member concerned; -1: unknown. */
  readonly subject: number;
  readonly reason: string;
}

export interface EventText {
  readonly type: string;
  readonly pkiId: string;
  readonly reason: string;
}

/** A notice of the core, in short. */
export function eventOf(event: CoreEvent): EventText {
  const reason = "reason" in event ? event.reason : "";
  if ("member" in event) return { type: event.type, pkiId: event.member.pkiId, reason };
  if ("identity" in event) {
    const learnt = event.type === "identity-learnt" ? event.learntFrom : reason;
    return { type: event.type, pkiId: event.identity.pkiId, reason: learnt };
  }
  const pkiId = "pkiId" in event ? event.pkiId : "";
  return { type: event.type, pkiId, reason: "code" in event ? event.code : "" };
}

/** A core effect as a line of text. */
export function describeEffect(effect: Effect, name: (pkiId: string) => string): string {
  switch (effect.type) {
    case "send":
      return `send ${effect.messages.length} to ${name(effect.to)}`;
    case "identify":
      return `identify ${effect.endpoint}`;
    case "ping":
      return `ping ${name(effect.pkiId)}`;
    case "disconnect":
      return `disconnect ${name(effect.pkiId)}: ${effect.why.code}`;
    case "sign":
      return "sign";
    case "serve-blocks":
      return `serve blocks of ${effect.channel} to ${name(effect.to.pkiId)}`;
    case "drop":
      return `drop: ${effect.code}${effect.times > 1 ? ` (${effect.times} times)` : ""}`;
    case "channel-message":
      return `hand on a message of channel ${effect.channel}`;
    case "notify": {
      const { type, pkiId, reason } = eventOf(effect.event);
      const whom = pkiId === "" && "endpoint" in effect.event ? effect.event.endpoint : name(pkiId);
      return `notify ${type}${whom === "" ? "" : ` ${whom}`}${reason === "" ? "" : `: ${reason}`}`;
    }
  }
}
