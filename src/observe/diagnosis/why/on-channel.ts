/** Why a peer is, or is not, a member of a channel that we follow, by gossip; in sentences and codes. */

import { isSatisfied } from "../../../channel/rules/evaluate-policy.ts";
import { recognize } from "../../../channel/rules/identities.ts";
import { READERS } from "../../../channel/rules/state-info.ts";
import type { ChannelConfiguration } from "../../../channel/types/configuration.ts";
import type { FollowedChannel } from "../../../core/tables/channels.ts";
import type { Identity, Now } from "../../../core/types/host.ts";
import type {
  Channel,
  ChannelMember,
  ChannelProblem,
  ChannelProblemCode,
} from "../../../following/views.ts";
import { moment } from "./moment.ts";

/** What another's clock says may be ahead of ours. */
const IN_FUTURE = "in our future";

/** One fact about a peer on a channel. */
export interface ChannelCause {
  /** A stable word, for programs. */
  readonly code:
    | "channel-member"
    | "self"
    | "not-listed"
    | "left-channel"
    | "organisation-not-on-channel"
    | "no-reader"
    | "identity-unknown"
    | "height"
    | "lagging"
    | "roles"
    | "configuration"
    | "chaincodes"
    | "chaincodes-lacking"
    | ChannelProblemCode;
  /** For people. */
  readonly sentence: string;
}

export interface OnChannel {
  readonly channel: FollowedChannel;
  readonly view: Channel;
  readonly identity: Identity | undefined;
  /** Ourselves: the height that we publish; undefined: we publish none. */
  readonly own: { readonly pkiId: string; readonly height: bigint | undefined };
  readonly now: Now;
}

/** What gossip says of it. */
export function channelCausesOf(known: OnChannel, pkiId: string | null): readonly ChannelCause[] {
  const { channel, view, identity } = known;
  const problems = problemsWith(known, pkiId).map(
    ({ code, reason }): ChannelCause => ({ code, sentence: reason }),
  );
  if (pkiId === known.own.pkiId) return [aboutOurselves(known), ...problems];
  const member = view.members.find((one) => one.pkiId === pkiId);
  const { configuration } = channel;
  const standing = configuration && identity ? standingOf(configuration, identity) : [];
  if (member === undefined) return [...whyNotListed(known), ...standing, ...problems];
  return [...ofMember(member, known), ...standing, ...problems];
}

/** What keeps us from judging anybody on the channel. */
const IN_THE_WAY: ReadonlySet<ChannelProblemCode> = new Set([
  "config-unknown",
  "config-unusable",
  "certificate-refused",
]);

/** Problems with the peer, and those of the whole channel that concern us, or the answer. */
export function problemsWith(
  { view, own }: Pick<OnChannel, "view" | "own">,
  pkiId: string | null,
): readonly ChannelProblem[] {
  return view.problems.filter((one) =>
    one.pkiId === null ? pkiId === own.pkiId || IN_THE_WAY.has(one.code) : one.pkiId === pkiId,
  );
}

function aboutOurselves({ own: { height }, view }: OnChannel): ChannelCause {
  const what =
    height === undefined
      ? `we publish no height for ${view.name}, so that no peer lists us`
      : `we publish that we have ${height} blocks of ${view.name}`;
  return { code: "self", sentence: `That is this node itself, with role ${view.role}: ${what}.` };
}

function whyNotListed({ view, identity, channel }: OnChannel): readonly ChannelCause[] {
  const name = view.name;
  if (identity === undefined) {
    const sentence = `We do not know its certificate, so nothing that it says of ${name} is believed.`;
    return [{ code: "identity-unknown", sentence }];
  }
  const hint =
    "It has not joined the channel, sees no other member and so publishes nothing, or has no external endpoint and is of another organisation than those who tell us";
  const search = channel.configuration === undefined ? "; the configuration is not known yet" : "";
  return [
    { code: "not-listed", sentence: `No StateInfo of it for ${name} has come. ${hint}${search}.` },
  ];
}

/** What the configuration in force makes of its certificate. */
function standingOf(
  configuration: ChannelConfiguration,
  { mspId, bytes }: Identity,
): readonly ChannelCause[] {
  const { organisations, msps, policies, blockNumber } = configuration;
  if (!organisations.some((one) => one.mspId === mspId)) {
    const sentence = `${mspId} is no organisation of the channel since configuration block ${blockNumber}.`;
    return [{ code: "organisation-not-on-channel", sentence }];
  }
  const known = recognize(msps, bytes);
  const refusal =
    known === undefined ? "its MSP does not know the CA of its certificate" : known.refusal;
  const isReader =
    known !== undefined && isSatisfied(policies.get(READERS) ?? { type: "reject" }, [known], msps);
  if (refusal !== undefined || !isReader) {
    const why = refusal ?? "its certificate does not satisfy the policy Readers";
    return [{ code: "no-reader", sentence: `The channel does not accept it: ${why}.` }];
  }
  const roles = known?.unitRoles.join(", ") || "member";
  const sentence = `By its certificate it is ${roles} of ${mspId}, and may read the channel.`;
  return [{ code: "roles", sentence }];
}

function ofMember(member: ChannelMember, known: OnChannel): readonly ChannelCause[] {
  const { view, now } = known;
  const { height, behind, committedAt, loadedAt, lagMs } = member;
  const causes: ChannelCause[] = [];
  if (member.leftChannel) {
    const sentence = `It says that it has left the channel, ${moment(committedAt, now, IN_FUTURE)} by its clock.`;
    causes.push({ code: "left-channel", sentence });
  } else {
    const since = `since ${loadedAt.toISOString()} by its clock`;
    causes.push({ code: "channel-member", sentence: `It is a member of ${view.name} ${since}.` });
  }
  const what = behind === 0n ? "as many as anybody" : `${behind} fewer than there are`;
  const sentence = `It has ${height} blocks, ${what}; the last change was ${moment(committedAt, now, IN_FUTURE)} by its clock.`;
  causes.push({ code: "height", sentence });
  if (member.lagging) {
    const forHow = lagMs === null ? "" : ` for ${Math.round(lagMs / 1_000)} s`;
    causes.push({ code: "lagging", sentence: `It lags${forHow}, more than lag allows.` });
  }
  return [...causes, ...configurationOf(member, known), ...chaincodesOf(member, view)];
}

function configurationOf(
  { height, endpoint, mspId }: ChannelMember,
  { channel: { configuration }, view }: OnChannel,
): readonly ChannelCause[] {
  if (configuration === undefined) return [];
  const { blockNumber, sequence } = configuration;
  const isApplied = height > blockNumber;
  const own = view.organisations.find((one) => one.mspId === mspId);
  const isAnchor = endpoint !== null && own?.anchors.includes(endpoint) === true;
  const anchor = isAnchor ? " It is an anchor peer of its organisation." : "";
  const sentence = isApplied
    ? `It has committed configuration ${sequence} (block ${blockNumber}), which is in force.${anchor}`
    : `It has not committed configuration ${sequence} (block ${blockNumber}) yet.${anchor}`;
  return [{ code: "configuration", sentence }];
}

/** A chaincode that another peer of its organisation has, or with another definition, it lacks. */
function chaincodesOf(
  { pkiId, mspId, chaincodes }: ChannelMember,
  view: Channel,
): readonly ChannelCause[] {
  const own = new Set(chaincodes.map(({ name, sequence }) => `${name} (sequence ${sequence})`));
  const causes: ChannelCause[] = [];
  if (own.size > 0) {
    const sentence = `It endorses ${[...own].join(", ")}.`;
    causes.push({ code: "chaincodes", sentence });
  }
  const others = view.members
    .filter((one) => one.mspId === mspId && one.pkiId !== pkiId && !one.leftChannel)
    .flatMap((one) => one.chaincodes.map(({ name, sequence }) => `${name} (sequence ${sequence})`));
  const lacking = [...new Set(others)].filter((one) => !own.has(one));
  if (lacking.length > 0) {
    const sentence = `Other peers of ${mspId} endorse ${lacking.join(", ")}, and it does not: the chaincode is not installed there, or its definition not approved or not committed.`;
    causes.push({ code: "chaincodes-lacking", sentence });
  }
  return causes;
}
