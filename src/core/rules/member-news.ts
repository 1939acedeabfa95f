/** What a message that somebody lives tells whoever watches the members. */
import { equalBytes } from "../../wire/bytes.ts";
import type { CoreEvent } from "../types/event.ts";
import type { Member } from "../types/member.ts";

export function newsOf(member: Member, known: Member | undefined): readonly CoreEvent[] {
  if (known === undefined) return [{ type: "member-joined", member }];
  if (known.status === "dead") return [{ type: "member-returned", member }];
  return isChanged(member, known) ? [{ type: "member-updated", member }] : [];
}

/** Whether more than the time has changed. */
export function isChanged(member: Member, known: Member): boolean {
  return (
    member.endpoint !== known.endpoint ||
    member.internalEndpoint !== known.internalEndpoint ||
    member.time.incNum !== known.time.incNum ||
    !equalBytes(member.metadata, known.metadata)
  );
}
