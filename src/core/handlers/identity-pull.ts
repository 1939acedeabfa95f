/** The pull of identities: whom we ask, who may have what, and what an item must look like. */
import { EMPTY_BYTES } from "../../wire/bytes.ts";
import type { WireFault } from "../../wire/decode.ts";
import { parseEnvelope, parseMessage } from "../../wire/envelope.ts";
import {
  type DataDigest,
  type DataRequest,
  type DataUpdate,
  type GossipHello,
  PULL_TYPE,
  TAG,
} from "../../wire/messages.ts";
import { accept, reject, type Verdict } from "../../wire/verdict.ts";
import { mayPullIdentity, type Party } from "../rules/disclosure.ts";
import { parsePkiId, pkiIdBytes } from "../rules/pki-id.ts";
import type { Core } from "../state.ts";
import { findIdentity } from "../tables/identities.ts";
import { type Member, partyOf, preferredEndpoint } from "../tables/members.ts";
import type { PullPeer, PullSubject } from "../tables/pull.ts";
import { type Claim, enqueueClaim } from "../tables/verification-queue.ts";
import { drop, type Effect } from "../types/effect.ts";
import type { Now, PkiId } from "../types/host.ts";
import { choosePartners } from "./audience.ts";
import * as answer from "./pull-answer.ts";
import * as ask from "./pull-ask.ts";

export const IDENTITY_PULL: PullSubject<PkiId> = {
  msgType: PULL_TYPE.identity,
  tag: TAG.empty,
  channel: EMPTY_BYTES,
  parseId: parsePkiId,
  encodeId: pkiIdBytes,
  parseItem: parseIdentityItem,
};

/** Longer items are refused: they are kept and handed on. A real one has about 1_000 bytes. */
const IDENTITY_BYTES_MAX = 65_536;

/** Pause between rounds started out of turn. */
const URGENT_PAUSE_MS = 200;

/** The regular round: a few members of any organisation. */
export function startIdentityPull(core: Core, now: Now): readonly Effect[] {
  const peers = choosePartners(core, now).map(peerAt);
  return ask.beginRound(core.pull, peers, core.options, now);
}

/** Ends what is overdue, and starts a round out of turn if somebody unknown was heard of. */
export function attendIdentityPull(core: Core, now: Now): readonly Effect[] {
  const { pull } = core;
  if (pull.round !== undefined) return ask.attendRound(pull, core.options, now);
  if (pull.wanted.size === 0 || now.elapsedMs < pull.urgentAtMs) return [];
  pull.urgentAtMs = now.elapsedMs + URGENT_PAUSE_MS;
  const peers = new Map<PkiId, PullPeer>();
  for (const from of pull.wanted.values()) {
    const member = core.members.table.get(from);
    if (member?.status === "alive") peers.set(from, peerAt(member));
    if (peers.size === core.options.fanout.pullPeers) break;
  }
  pull.wanted.clear(); // Whoever is still unknown afterwards is wanted again with its next message.
  return ask.beginRound(pull, [...peers.values()], core.options, now);
}

export function handleDigest(
  core: Core,
  digest: DataDigest,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  return ask.handleDigest(core.pull, digest, from, core.options, now);
}

export function handleUpdate(core: Core, update: DataUpdate, from: PkiId): readonly Effect[] {
  const { claims, effects } = ask.handleUpdate(core.pull, update, from);
  const { backlogMax } = core.options.limits;
  const refused = claims.filter((claim) => !enqueueClaim(core.claims, claim, backlogMax));
  return [...effects, ...refused.map(() => drop(from, "backlog-full"))];
}

export function handleHello(
  core: Core,
  hello: GossipHello,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  const mayHave = rightsOf(core, from, now);
  return answer.handleHello(core.pull, hello, peerOf(core, from), mayHave, core.options, now);
}

export function handleRequest(
  core: Core,
  request: DataRequest,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  const mayHave = rightsOf(core, from, now);
  return answer.handleRequest(core.pull, request, peerOf(core, from), mayHave, core.options, now);
}

/** What this peer may have, found out once for all items. */
function rightsOf(core: Core, peer: PkiId, now: Now): answer.MayHave<PkiId> {
  const asker = findIdentity(core.identities, peer, now);
  const { mspId } = core.options.self;
  if (asker === undefined) return () => false;
  if (asker.mspId === mspId) return () => true;
  return (pkiId) => {
    const subject = partyOfKnown(core, pkiId);
    return subject !== undefined && mayPullIdentity(mspId, asker.mspId, subject);
  };
}

function partyOfKnown(core: Core, pkiId: PkiId): Party | undefined {
  const { self } = core.options;
  if (pkiId === self.pkiId) {
    return { mspId: self.mspId, isExternal: core.self.externalEndpoint !== "" };
  }
  const member = core.members.table.get(pkiId);
  return member && partyOf(member);
}

function peerOf(core: Core, pkiId: PkiId): PullPeer {
  const member = core.members.table.get(pkiId);
  return member ? peerAt(member) : { pkiId, endpoint: "" };
}

function peerAt(member: Member): PullPeer {
  return { pkiId: member.pkiId, endpoint: preferredEndpoint(member) };
}

function parseIdentityItem(
  bytes: Uint8Array,
  from: PkiId,
): Verdict<{ id: PkiId; claim: Claim }, WireFault | "not-an-identity"> {
  const envelope = parseEnvelope(bytes);
  if (!envelope.ok) return envelope;
  const message = parseMessage(envelope.value.payload);
  if (!message.ok) return message;
  const { content } = message.value;
  if (content?.type !== "peer-identity") return reject("not-an-identity");
  const id = parsePkiId(content.value.pkiId);
  if (id === undefined) return reject("not-an-identity");
  if (bytes.length > IDENTITY_BYTES_MAX) return reject("too-large");
  const item = { pkiId: id, certificate: content.value.cert, envelope: envelope.value };
  return accept({ id, claim: { type: "identity", from, item } });
}
