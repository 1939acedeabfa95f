/** The answering side of the identity pull: who may have what (spec C1 3.5, 5.4). */
import { encodeUnsigned } from "../wire/envelope.ts";
import { type DataRequest, type GossipHello, PULL_TYPE, TAG } from "../wire/messages.ts";
import type { Now, PkiId } from "./abilities.ts";
import { mayPullIdentity, type Party } from "./disclosure.ts";
import { drop, type Effect, send } from "./effect.ts";
import { partyOf } from "./emitter.ts";
import { findIdentity } from "./identities.ts";
import { preferredEndpoint } from "./membership.ts";
import { parsePkiId, pkiIdBytes } from "./pki-id.ts";
import type { Core } from "./state.ts";

/** Somebody asks what we have. Nothing to offer: no answer (spec C1 3.5). */
export function handleHello(
  core: Core,
  hello: GossipHello,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  const { pull, options } = core;
  const current = (pull.hellos.get(from) ?? []).filter(({ untilMs }) => untilMs > now.elapsedMs);
  if (current.length >= options.limits.hellosPerPeerMax) return [drop(from, "pull-too-often")];
  const untilMs = now.elapsedMs + options.timing.requestWaitMs;
  pull.hellos.set(from, [...current, { nonce: hello.nonce, untilMs }]);

  const digests = itemsFor(core, from, now).map(pkiIdBytes);
  if (digests.length === 0) return [];
  const bytes = encodeUnsigned({
    tag: TAG.empty,
    content: {
      type: "digest",
      value: { nonce: hello.nonce, digests, msgType: PULL_TYPE.identity },
    },
  });
  return [send(from, endpointOf(core, from), { bytes })];
}

/** Somebody asks for items. Only who said hello shortly before is served, under the same rule. */
export function handleRequest(
  core: Core,
  request: DataRequest,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  const { pull, options } = core;
  const isEntitled = pull.hellos
    .get(from)
    ?.some(({ nonce, untilMs }) => nonce === request.nonce && untilMs > now.elapsedMs);
  if (!isEntitled) return [drop(from, "pull-without-hello")];
  const asker = findIdentity(core.identities, from, now);
  const data: Uint8Array[] = [];
  for (const item of request.digests) {
    if (data.length === options.limits.pullItemsMax) break;
    const pkiId = parsePkiId(item);
    const envelope = pkiId && pull.offered.get(pkiId);
    if (!envelope || !asker || !isOfferedTo(core, asker.mspId, pkiId)) continue;
    data.push(envelope.bytes);
  }
  if (data.length === 0) return [];
  const bytes = encodeUnsigned({
    tag: TAG.empty,
    content: { type: "update", value: { nonce: request.nonce, data, msgType: PULL_TYPE.identity } },
  });
  return [send(from, endpointOf(core, from), { bytes })];
}

function itemsFor(core: Core, peer: PkiId, now: Now): readonly PkiId[] {
  const asker = findIdentity(core.identities, peer, now);
  if (asker === undefined) return [];
  return [...core.pull.offered.keys()].filter((pkiId) => isOfferedTo(core, asker.mspId, pkiId));
}

function isOfferedTo(core: Core, askerMspId: string, pkiId: PkiId): boolean {
  const { self } = core.options;
  if (askerMspId === self.mspId) return true;
  const subject = partyOfKnown(core, pkiId);
  return subject !== undefined && mayPullIdentity(self.mspId, askerMspId, subject);
}

function partyOfKnown(core: Core, pkiId: PkiId): Party | undefined {
  const { self } = core.options;
  if (pkiId === self.pkiId) {
    return { mspId: self.mspId, isExternal: core.self.externalEndpoint !== "" };
  }
  const member = core.members.table.get(pkiId);
  return member && partyOf(member);
}

/** Answers travel on the connection the question came on; the endpoint is a fallback. */
function endpointOf(core: Core, pkiId: PkiId): string {
  const member = core.members.table.get(pkiId);
  return member ? preferredEndpoint(member) : "";
}
