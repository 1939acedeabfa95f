/**
 * What a member says of itself on a channel that we follow. Cheap checks come before signatures, and
 * each signature is checked once. Source: spec D 3 (Fabric's `validateStateInfoMsg`, `verifyMsg`).
 */
import {
  readStateInfo,
  STATE_INFO_BYTES_MAX,
  type StateInfoClaim,
  type StateInfoFault,
  stateInfoFault,
} from "../../channel/rules/state-info.ts";
import { copyBytes } from "../../wire/bytes.ts";
import { knownPkiId } from "../../wire/received.ts";
import { accept, reject, type Verdict } from "../../wire/verdict.ts";
import { reachOn } from "../rules/disclosure.ts";
import { noteHolder } from "../tables/broadcast-queue.ts";
import {
  type FollowedChannel,
  isHeld,
  isOnChannel,
  isStale,
  noteReached,
  organisationsOn,
  putStateInfo,
} from "../tables/channels.ts";
import { useIdentity } from "../tables/identities.ts";
import { want } from "../tables/pull.ts";
import type { DropCode, VerifyFault } from "../types/drop.ts";
import { type Effect, notify } from "../types/effect.ts";
import type { Identity, PkiId } from "../types/host.ts";
import { enqueueBroadcast } from "./audience.ts";
import { check, isSelf, type SignedClaim, signatureFault } from "./check.ts";
import { judgeLag, referenceOf } from "./lag.ts";
import type { Core } from "./state.ts";

export interface Heard {
  readonly effects: readonly Effect[];
  readonly fault?: DropCode;
  /** Whether a signature was checked. */
  readonly isChecked: boolean;
}

const NOTHING: Heard = { effects: [], isChecked: false };
const refuse = (fault: DropCode): Heard => ({ effects: [], fault, isChecked: false });

/** `isPushed`: gossip, which is passed on; otherwise it is an element of a snapshot. */
export function hearStateInfo(
  core: Core,
  channel: FollowedChannel,
  received: Uint8Array,
  { from, isPushed }: Way,
): Heard {
  if (!isPushed && isHeld(channel, received)) return NOTHING;
  if (received.length > STATE_INFO_BYTES_MAX) return refuse("too-large");
  const read = readStateInfo(core.channels.host, copyBytes(received), channel.name);
  if (!read.ok) return refuse(DROP_OF[read.code]);
  const claim = read.value;
  const author = knownPkiId(claim.pkiId);
  if (isSelf(core, author)) return refuse("own-message");
  const key = keyOf(channel, claim);
  const known = channel.members.get(author);
  if (isStale(channel, author, claim)) {
    if (isPushed) noteHolder(core.broadcastQueue, key, from);
    return refuse("stale");
  }
  const found = findAuthor(core, channel, author, { from, isPushed });
  if (!found.ok) return refuse(found.code);
  const identity = found.value;
  const signed: SignedClaim = {
    author: () => accept(identity),
    time: undefined,
    isListed: !isPushed,
    faultOf: () => faultOf(core, channel, claim, identity),
  };
  const checked = check(core, signed, from);
  if (!checked.ok) return { ...refuse(checked.code), isChecked: true };
  const { membersMax } = core.options.limits;
  if (!putStateInfo(channel, claim, identity.mspId, membersMax, core.now)) {
    return { ...refuse("channels-full"), isChecked: true };
  }
  if (isPushed) spread(core, channel, claim, author, from);
  return { effects: believed(core, channel, author, known?.claim), isChecked: true };
}

type Way = { readonly from: PkiId; readonly isPushed: boolean };

/** The author, if it is a known member of the channel. */
function findAuthor(
  core: Core,
  channel: FollowedChannel,
  author: PkiId,
  { from, isPushed }: Way,
): Verdict<Identity, DropCode> {
  const identity = useIdentity(core.identities, author, core.now);
  if (identity === undefined) {
    want(core.pull, author, from, core.now);
    return reject("identity-unknown");
  }
  if (!isPushed && !core.members.table.has(author)) return reject("member-unknown");
  const isOn = isOnChannel(channel, identity.mspId, core.options.self.mspId);
  return isOn ? accept(identity) : reject("state-info-organisation");
}

const DROP_OF: Readonly<Record<StateInfoFault, DropCode>> = {
  "state-info-malformed": "malformed",
  "state-info-incomplete": "state-info-incomplete",
  "state-info-channel": "not-followed",
  "state-info-organisation": "state-info-organisation",
  "state-info-signature": "signature-invalid",
  "state-info-readers": "state-info-readers",
};

/** Before the configuration is known, members of our own organisation are believed by our own MSP. */
function faultOf(
  { options }: Core,
  { configuration }: FollowedChannel,
  claim: StateInfoClaim,
  identity: Identity,
): VerifyFault | undefined {
  if (configuration === undefined) {
    return signatureFault(options.crypto, identity, claim.envelope);
  }
  const fault = stateInfoFault(configuration, claim, identity);
  const isSaid = fault === undefined || fault === "state-info-organisation";
  return isSaid || fault === "state-info-readers" ? fault : "signature-invalid";
}

/** As Fabric: within our organisation, and to the others of the channel if its author is for them. */
function spread(
  core: Core,
  channel: FollowedChannel,
  claim: StateInfoClaim,
  author: PkiId,
  from: PkiId,
): void {
  const isExternal = (core.members.table.get(author)?.endpoint ?? "") !== "";
  const { bytes } = claim.envelope;
  const { mspId } = core.options.self;
  const reach = reachOn(() => organisationsOn(channel, mspId), mspId, isExternal);
  const broadcast = {
    ...{ key: keyOf(channel, claim), reach, bytes },
    holders: [from, author],
  };
  enqueueBroadcast(core, broadcast);
}

function keyOf({ name }: FollowedChannel, claim: StateInfoClaim): string {
  return `state-info ${claim.pkiId} ${name} ${claim.loadedAtNs} ${claim.changedAtNs}`;
}

/** Applies a verified StateInfo. */
function believed(
  core: Core,
  channel: FollowedChannel,
  author: PkiId,
  before: StateInfoClaim | undefined,
): readonly Effect[] {
  const member = channel.members.get(author);
  if (member === undefined) return [];
  const { claim, mspId } = member;
  noteReached(channel, referenceOf(channel), core.now);
  const lag = judgeLag(core, channel, author);
  if (before?.height === claim.height && before.hasLeft === claim.hasLeft) return lag;
  const event = notify({
    type: "channel-height",
    channel: channel.name,
    pkiId: author,
    mspId,
    height: claim.height,
    committedAtNs: claim.changedAtNs,
  });
  return [event, ...lag];
}
