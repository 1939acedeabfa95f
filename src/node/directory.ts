/** The members of our kind, as messages among them need them. */
import type { Core } from "../core/core.ts";
import { epochsAt } from "../core/handlers/current-neighbours.ts";
import { partyOf } from "../core/rules/disclosure.ts";
import { preferredEndpoint } from "../core/tables/members.ts";
import type { CoreEvent } from "../core/types/event.ts";
import type { Identity, PkiId } from "../core/types/host.ts";
import type { Member } from "../core/types/member.ts";
import { matches } from "../messaging/rules/filter.ts";
import type { Tags } from "../messaging/rules/metadata.ts";
import type { Author, Directory, Participant } from "../messaging/types/host.ts";
import { metadataOf, readMetadata } from "../observe/member-metadata.ts";

export interface LiveDirectory extends Directory {
  /** To be called with what the core tells: a member or an identity may have changed. */
  hear(event: CoreEvent): void;
  /** The living members of our kind with these tags, those left out that we cannot reach at present. */
  living(tags: Tags): readonly Member[];
  isSelfTagged(tags: Tags): boolean;
}

/** Other events leave everybody as they were; of a channel there may be some each second. */
const OF_MEMBERS: ReadonlySet<CoreEvent["type"]> = new Set([
  ...(["member-joined", "member-updated", "member-dead", "member-returned"] as const),
  ...(["member-forgotten", "identity-learnt", "identity-purged"] as const),
]);

export function createDirectory(core: Core): LiveDirectory {
  let changes = 0;
  let present = { of: -1, others: new Map<PkiId, Participant>(), list: [] as Participant[] };

  const version = (): number => changes + core.members.version;

  /** Everybody else; made anew when somebody came, went or changed. */
  const current = (): typeof present => {
    if (present.of === version()) return present;
    const others = new Map<PkiId, Participant>();
    for (const member of core.members.table.values()) {
      const participant = member.isCutOff ? undefined : participantOf(core, member);
      if (participant) others.set(member.pkiId, participant);
    }
    present = { of: version(), others, list: [...others.values()] };
    return present;
  };

  return {
    hear: ({ type }) => {
      if (OF_MEMBERS.has(type)) changes += 1;
    },
    self: () => selfOf(core),
    others: () => current().list,
    find: (pkiId) => current().others.get(pkiId),
    author: (pkiId) => authorOf(core, pkiId),
    version,
    epochs: (now) => epochsAt(core.options.timing.neighbourRefreshMs, now),
    living: (tags) =>
      [...core.members.table.values()].filter((member) => {
        const participant = participantOf(core, member);
        return participant !== undefined && matches({ tags }, participant);
      }),
    isSelfTagged: (tags) => matches({ tags }, selfOf(core)),
  };
}

/** Undefined: dead, unknown, or of another kind. */
function participantOf(core: Core, member: Member): Participant | undefined {
  const metadata = metadataOf(member);
  const identity = identityOf(core, member.pkiId);
  if (member.status !== "alive" || metadata === undefined || identity === undefined) {
    return undefined;
  }
  const { pkiId, certificate } = identity;
  const endpoint = preferredEndpoint(member);
  const { incNum: incarnation } = member.time;
  return { pkiId, certificate, incarnation, ...partyOf(member), endpoint, tags: metadata.tags };
}

function selfOf({ options, self }: Core): Participant {
  const { pkiId, mspId, certificate } = options.self;
  const { externalEndpoint, incarnation } = self;
  const { tags } = readMetadata(self);
  const isExternal = externalEndpoint !== "";
  return { pkiId, mspId, certificate, incarnation, isExternal, endpoint: externalEndpoint, tags };
}

function authorOf(core: Core, pkiId: PkiId): Author | undefined {
  const identity = identityOf(core, pkiId);
  if (identity === undefined) return undefined;
  const member = core.members.table.get(pkiId);
  // What somebody of another organisation says reaches us only if that one may be known.
  const isForeign = identity.mspId !== core.options.self.mspId;
  return { identity, isExternal: member ? member.endpoint !== "" : isForeign };
}

function identityOf({ identities }: Core, pkiId: PkiId): Identity | undefined {
  return identities.table.get(pkiId)?.identity;
}
