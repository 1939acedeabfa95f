/**
 * Which organisation may learn what. Pure predicates; the tables are spec B 2.3 to 2.5 (Fabric's
 * `disclosurePolicy`, `peersByOriginOrgPolicy`, `sameOrgOrOurOrgPullFilter`).
 */
import type { Member } from "../types/member.ts";

/** Properties of a party that decide about disclosure. */
export interface Party {
  readonly mspId: string;
  /** Whether it can be known outside its organisation at all. */
  readonly isExternal: boolean;
}

/** The member as far as disclosure is concerned. */
export function partyOf({ mspId, endpoint }: Pick<Member, "mspId" | "endpoint">): Party {
  return { mspId, isExternal: endpoint !== "" };
}

/** How a member's alive message may be shown to somebody. */
export type Disclosure = "hidden" | "without-secret" | "with-secret";

/** How `subject` may be shown to `asker` in a membership response (spec B 2.3). */
export function discloseMember(ownMspId: string, asker: Party, subject: Party): Disclosure {
  if (asker.mspId === ownMspId) return subject.mspId === ownMspId ? "with-secret" : "hidden";
  if (subject.mspId === asker.mspId) return "without-secret";
  if (subject.mspId !== ownMspId) return "hidden"; // Third organisations are not disclosed.
  return subject.isExternal && asker.isExternal ? "without-secret" : "hidden";
}

/** How the alive message of `origin` may be pushed to `target` (spec B 2.4). */
export function disclosePush(ownMspId: string, origin: Party, target: Party): Disclosure {
  if (origin.mspId === ownMspId) {
    if (target.mspId === ownMspId) return "with-secret";
    return origin.isExternal && target.isExternal ? "without-secret" : "hidden";
  }
  // A member hidden from other organisations does not learn of them either.
  if (!target.isExternal) return "hidden";
  if (target.mspId === ownMspId) return "with-secret";
  return target.mspId === origin.mspId ? "without-secret" : "hidden";
}

/** Whether the identity of `subject` may be listed for, and given to, `asker` (spec B 2.5). */
export function mayPullIdentity(ownMspId: string, askerMspId: string, subject: Party): boolean {
  if (askerMspId === ownMspId) return true;
  return subject.isExternal && (subject.mspId === ownMspId || subject.mspId === askerMspId);
}

/** How far a message may travel. */
export type Reach =
  /**
   * As news of this party: see {@link disclosePush}. `lot`: it is routine, as what is missed comes again soon,
   * and takes a way by lot.
   */
  | { readonly type: "about"; readonly party: Party; readonly lot?: number | undefined }
  /**
   * Members of organisations of a channel; others must not even learn that it exists. Asked when the
   * message leaves: a configuration may have removed an organisation while it waited.
   */
  | { readonly type: "channel"; readonly mspIds: () => readonly string[] }
  /** Everybody in our organisation, nobody else. */
  | { readonly type: "organisation" };

/** In which form somebody may get a message of this reach. */
export function discloseTo(ownMspId: string, reach: Reach, target: Party): Disclosure {
  if (reach.type === "about") return disclosePush(ownMspId, reach.party, target);
  const isOwn = target.mspId === ownMspId;
  if (reach.type === "channel" && !reach.mspIds().includes(target.mspId)) return "hidden";
  if (isOwn) return "with-secret";
  return reach.type === "channel" && target.isExternal ? "without-secret" : "hidden";
}

/** What a member says on a channel; within our organisation if it is not to be known outside. */
export function reachOn(
  mspIds: () => readonly string[],
  ownMspId: string,
  isExternal: boolean,
): Reach {
  const own = (): readonly string[] => mspIds().filter((mspId) => mspId === ownMspId);
  return { type: "channel", mspIds: isExternal ? mspIds : own };
}
