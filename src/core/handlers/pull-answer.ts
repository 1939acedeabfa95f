/** The answering side of the pull engine (spec C 3.5, 5.4). */
import type { DataRequest, GossipHello } from "../../wire/messages.ts";
import { type Pull, type PullOptions, type PullPeer, sendPull } from "../tables/pull.ts";
import { drop, type Effect } from "../types/effect.ts";
import type { Now } from "../types/host.ts";

/** Which of our items this peer may see; the same rule for digests and for answers. */
export type MayHave<Id extends string> = (id: Id) => boolean;

/** Somebody asks what we have. Nothing to offer: no answer (spec C 3.5). */
export function handleHello<Id extends string>(
  pull: Pull<Id>,
  { nonce }: GossipHello,
  from: PullPeer,
  mayHave: MayHave<Id>,
  { timing, limits }: PullOptions,
  now: Now,
): readonly Effect[] {
  const hellos = pull.hellos.get(from.pkiId) ?? [];
  const current = hellos.filter(({ untilMs }) => untilMs > now.elapsedMs);
  if (current.length >= limits.hellosPerPeerMax) return [drop(from.pkiId, "pull-too-often")];
  const untilMs = now.elapsedMs + timing.requestWaitMs;
  pull.hellos.set(from.pkiId, [...current, { nonce, untilMs }]);

  const { msgType, encodeId } = pull.subject;
  const digests = [...pull.offered.keys()].filter(mayHave).map(encodeId);
  if (digests.length === 0) return [];
  return [sendPull(pull, from, { type: "digest", value: { nonce, digests, msgType } })];
}

/** Somebody asks for items. Only who said hello shortly before is served. */
export function handleRequest<Id extends string>(
  pull: Pull<Id>,
  request: DataRequest,
  from: PullPeer,
  mayHave: MayHave<Id>,
  { limits }: PullOptions,
  now: Now,
): readonly Effect[] {
  const hellos = pull.hellos.get(from.pkiId) ?? [];
  const isEntitled = hellos.some(
    ({ nonce, untilMs }) => nonce === request.nonce && untilMs > now.elapsedMs,
  );
  if (!isEntitled) return [drop(from.pkiId, "pull-without-hello")];
  // The same item twice is once too often; more than we would ask for need not be looked at.
  const ids = new Set(request.digests.slice(0, limits.pullItemsMax).map(pull.subject.parseId));
  const data: Uint8Array[] = [];
  for (const id of ids) {
    const envelope = id === undefined ? undefined : pull.offered.get(id);
    if (id !== undefined && envelope !== undefined && mayHave(id)) data.push(envelope);
  }
  if (data.length === 0) return [];
  const { nonce } = request;
  const { msgType } = pull.subject;
  return [sendPull(pull, from, { type: "update", value: { nonce, data, msgType } })];
}
