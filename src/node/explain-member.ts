/** Why a peer is, or is not, a member of a channel: gossip's view, then that of service discovery. */
import { satisfies } from "../channel/rules/evaluate-policy.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import type { FollowedChannel } from "../core/tables/channels.ts";
import type { Identity, Now, PkiId, Signer } from "../core/types/host.ts";
import { askDiscovery, type DiscoveryAnswer } from "../following/ask-discovery.ts";
import type { Channel } from "../following/views.ts";
import type { Explanation } from "../observe/diagnosis/why/explanation.ts";
import {
  type ChannelCause,
  channelCausesOf,
  problemsWith,
} from "../observe/diagnosis/why/on-channel.ts";
import { disagreements } from "../observe/diagnosis/why/second-source.ts";
import type { CallPeer } from "../transport/unary.ts";
import { knownPkiId } from "../wire/received.ts";
import type { Candidate } from "./candidates.ts";

/** Answer of a Fabric peer's service discovery. */
export interface SecondSource {
  /** Endpoint of the peer that answered; null: none did. */
  readonly asked: string | null;
  /** Whether it lists the peer on the channel; null: nobody answered. */
  readonly listed: boolean | null;
  /** The height that it has of the peer. */
  readonly height: bigint | null;
  /** Disagreements with gossip, one sentence each. */
  readonly disagreements: readonly string[];
  /** Why nobody answered, or some did not; one sentence each. */
  readonly notes: readonly string[];
}

/** Why a peer is, or is not, a member of a channel. */
export interface ChannelExplanation extends Omit<Explanation, "causes"> {
  readonly channel: string;
  /** Whether it is alive on the channel, has not left it, does not lag, and has no problem there. */
  readonly listed: boolean;
  readonly causes: readonly (Explanation["causes"][number] | ChannelCause)[];
  readonly discovery: SecondSource;
}

export interface ExplainSources {
  readonly channel: FollowedChannel;
  readonly view: Channel;
  readonly identityOf: (pkiId: PkiId) => Identity | undefined;
  readonly candidates: readonly Candidate[];
  /** The height that we publish; undefined: none. */
  readonly ownHeight: bigint | undefined;
  readonly host: Pick<ChannelHost, "sha256"> | undefined;
  readonly self: Identity;
  readonly signer: Signer;
  /** Undefined: there is no network for it. */
  readonly call: CallPeer | undefined;
  readonly now: Now;
}

const WRITERS = "/Channel/Application/Writers";
/** Peers asked until one answers. */
const ASKED_MAX = 4;
const NOBODY = { asked: null, listed: null, height: null, disagreements: [] };

export async function explainMember(
  explanation: Explanation,
  sources: ExplainSources,
): Promise<ChannelExplanation> {
  const { channel, view, identityOf, now, ownHeight, self } = sources;
  const pkiId = explanation.pkiId === null ? null : knownPkiId(explanation.pkiId);
  const identity = pkiId === null ? undefined : identityOf(pkiId);
  const own = { pkiId: self.pkiId, height: ownHeight };
  const causes = channelCausesOf({ channel, view, identity, own, now }, pkiId);
  const member = view.members.find((one) => one.pkiId === pkiId);
  const problems = problemsWith({ view, own }, pkiId);
  const discovery = await askSecond(sources, pkiId);
  const isRefused = causes.some(({ code }) => REFUSALS.has(code));
  const tellings = [
    ...discovery.disagreements,
    ...(discovery.asked !== null && discovery.disagreements.length === 0
      ? [`Service discovery of ${discovery.asked} says the same.`]
      : []),
    ...discovery.notes,
  ];
  // What is wrong on this channel is told already.
  const elsewhere = explanation.causes.filter((cause) => cause.channel !== view.name);
  const { next } = explanation;
  return {
    ...explanation,
    channel: view.name,
    listed:
      pkiId === self.pkiId
        ? ownHeight !== undefined && discovery.listed !== false
        : isInOrder(member) && !isRefused && problems.length === 0,
    causes: [...causes, ...elsewhere],
    sentences: [
      ...causes.map(({ sentence }) => sentence),
      ...tellings,
      ...[...elsewhere, ...(next ? [next] : [])].map(({ sentence }) => sentence),
    ],
    remedy: problems[0]?.remedy ?? explanation.remedy,
    discovery,
  };
}

function isInOrder(member: Channel["members"][number] | undefined): boolean {
  return member?.status === "alive" && !member.leftChannel && !member.lagging;
}

const REFUSALS: ReadonlySet<string> = new Set(["organisation-not-on-channel", "no-reader"]);

async function askSecond(
  { channel, view, candidates, self, signer, host, call, ownHeight }: ExplainSources,
  pkiId: PkiId | null,
): Promise<SecondSource> {
  const { configuration } = channel;
  if (configuration === undefined || call === undefined || host === undefined) {
    return {
      ...NOBODY,
      notes: ["Service discovery is not asked before a configuration is known."],
    };
  }
  // A Fabric peer would refuse, and warn of us in its log.
  if (!satisfies(configuration, self.bytes, WRITERS)) {
    const why = "our certificate does not satisfy the policy Writers, which discovery asks for";
    return { ...NOBODY, notes: [`Service discovery is not asked: ${why}.`] };
  }
  const notes: string[] = [];
  for (const { peer, identity } of inOrder(candidates, self, pkiId).slice(0, ASKED_MAX)) {
    const question = { channel: view.name, self, signer, host };
    const answer: DiscoveryAnswer = await askDiscovery(call, peer.name, question);
    if (!answer.ok) {
      if (!answer.isMissing) notes.push(`Service discovery of ${peer.name}: ${answer.reason}.`);
      continue;
    }
    const found = pkiId === null ? undefined : answer.value.members.get(pkiId);
    const member = view.members.find((one) => one.pkiId === pkiId);
    return {
      asked: `${peer.name} of ${identity.mspId}`,
      listed: found !== undefined,
      height: found?.claim?.height ?? null,
      disagreements: disagreements(
        {
          configuration,
          pkiId,
          member,
          own: { pkiId: self.pkiId, height: ownHeight },
        },
        { asked: `${peer.name} of ${identity.mspId}`, found: answer.value },
      ),
      notes,
    };
  }
  if (notes.length === 0) notes.push("No living member of the channel offers service discovery.");
  return { ...NOBODY, notes };
}

/** Others than the one in question first, those of our organisation before them. */
function inOrder(
  candidates: readonly Candidate[],
  self: Identity,
  pkiId: PkiId | null,
): readonly Candidate[] {
  const rank = ({ identity }: Candidate): number =>
    (identity.pkiId === pkiId ? 2 : 0) + (identity.mspId === self.mspId ? 0 : 1);
  return candidates.toSorted((a, b) => rank(a) - rank(b));
}
