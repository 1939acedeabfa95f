/** The channels that we follow, as they are shown: copies, as of one moment. */
import type { Core } from "../core/core.ts";
import { behindOf, lackingSinceMs, referenceOf } from "../core/handlers/lag.ts";
import type { BelievedStateInfo, FollowedChannel } from "../core/tables/channels.ts";
import type { Now, PkiId } from "../core/types/host.ts";
import { chaincodesOf, dateOf } from "../following/describe-state-info.ts";
import type { Channel, ChannelMember, ChannelProblem } from "../following/views.ts";
import { publishedOn } from "./channel-summary.ts";

/** What the host knows of a channel beside the core. */
interface ChannelNotes {
  readonly blocks: Channel["blocks"];
  /** What its configuration rests on, in a sentence. */
  readonly trust: string;
  readonly notes: readonly string[];
  readonly problems: readonly ChannelProblem[];
}

export function viewChannel(
  core: Core,
  channel: FollowedChannel,
  { blocks, trust, notes, problems }: ChannelNotes,
  now: Now,
): Channel {
  const { name, role, configuration, provenHeight } = channel;
  const reference = referenceOf(channel);
  const others = [...channel.members].map(([pkiId, member]) =>
    viewMember(core, channel, { pkiId, member, reference }, now),
  );
  const members = [...viewOurselves(core, channel, reference), ...others].toSorted(
    (a, b) => compare(a.mspId, b.mspId) || compare(a.subject, b.subject),
  );
  return {
    name,
    // A host may serve a channel of its own accord, as the members of a devnet do.
    role: core.served.has(name) ? "listed" : role,
    blocks,
    configSequence: configuration?.sequence ?? null,
    height: provenHeight,
    organisations: (configuration?.organisations ?? []).map(({ mspId, anchors }) => {
      const own = members.filter((member) => member.mspId === mspId);
      return {
        mspId,
        anchors: anchors.map(({ host, port }) => `${host}:${port}`),
        members: own.length,
        heightMax: own.map(({ height }) => height).reduce(maxOf, 0n),
      };
    }),
    members,
    trust,
    notes,
    problems,
  };
}

function viewMember(
  core: Core,
  channel: FollowedChannel,
  {
    pkiId,
    member,
    reference,
  }: { readonly pkiId: PkiId; readonly member: BelievedStateInfo; readonly reference: bigint },
  now: Now,
): ChannelMember {
  const { claim, mspId, isLagging } = member;
  const known = core.members.table.get(pkiId);
  const isSelf = pkiId === core.options.self.pkiId;
  const sinceMs = lackingSinceMs(channel, member);
  return {
    pkiId,
    mspId,
    subject: core.identities.table.get(pkiId)?.identity.subject ?? "",
    endpoint: known?.endpoint || known?.internalEndpoint || null,
    status: isSelf ? "alive" : (known?.status ?? "unknown"),
    self: isSelf,
    height: claim.height,
    behind: behindOf(member, reference),
    committedAt: dateOf(claim.changedAtNs),
    loadedAt: dateOf(claim.loadedAtNs),
    lagMs: sinceMs === undefined ? null : Math.round(now.elapsedMs - sinceMs),
    lagging: isLagging,
    leftChannel: claim.hasLeft,
    chaincodes: chaincodesOf(claim),
  };
}

/** As others see us, once we have published a height. */
function viewOurselves(
  core: Core,
  channel: FollowedChannel,
  reference: bigint,
): readonly ChannelMember[] {
  const own = publishedOn(core, channel);
  if (own === undefined) return [];
  const { self, internalEndpoint } = core.options;
  const { height, changedAtNs, loadedAtNs } = own;
  return [
    {
      ...{ pkiId: self.pkiId, mspId: self.mspId, subject: self.subject },
      endpoint: core.self.externalEndpoint || internalEndpoint || null,
      ...{ status: "alive", self: true, height },
      behind: height < reference ? reference - height : 0n,
      ...{ committedAt: dateOf(changedAtNs), loadedAt: dateOf(loadedAtNs) },
      ...{ lagMs: null, lagging: false, leftChannel: false, chaincodes: [] },
    },
  ];
}

const maxOf = (a: bigint, b: bigint): bigint => (a < b ? b : a);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
