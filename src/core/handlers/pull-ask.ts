/** The asking side of the pull engine (spec C 3.4, 5.2). */
import { EMPTY_BYTES } from "../../wire/bytes.ts";
import type { DataDigest, DataUpdate } from "../../wire/messages.ts";
import {
  type Exchange,
  isAskedFor,
  type Pull,
  type PullOptions,
  type PullPeer,
  type Round,
  sendPull,
} from "../tables/pull.ts";
import type { Claim } from "../types/claim.ts";
import { drop, type Effect } from "../types/effect.ts";
import type { Now, PkiId } from "../types/host.ts";

/** Says hello to these peers. Nobody to ask, or a round under way: nothing happens. */
export function beginRound<Id extends string>(
  pull: Pull<Id>,
  peers: readonly PullPeer[],
  { random, timing }: PullOptions,
  now: Now,
): readonly Effect[] {
  if (peers.length === 0 || pull.round !== undefined) return [];
  const exchanges = new Map<PkiId, Exchange<Id>>();
  const { msgType } = pull.subject;
  const effects = peers.map((peer) => {
    const nonce = random.uint64();
    const { endpoint } = peer;
    exchanges.set(peer.pkiId, { nonce, endpoint, hasAnswered: false, requested: new Set() });
    return sendPull(pull, peer, {
      type: "hello",
      value: { nonce, metadata: EMPTY_BYTES, msgType },
    });
  });
  const untilMs = now.elapsedMs + timing.digestWaitMs;
  pull.round = { phase: "digests", untilMs, exchanges, owners: new Map() };
  return effects;
}

/** Goes on when time is up: with the digests that came, or without the updates that did not. */
export function attendRound<Id extends string>(
  pull: Pull<Id>,
  options: PullOptions,
  now: Now,
): readonly Effect[] {
  const { round } = pull;
  if (round === undefined || now.elapsedMs < round.untilMs) return [];
  if (round.phase === "digests") return requestItems(pull, round, options, now);
  pull.round = undefined;
  return [];
}

/** A digest lists what the peer has. When all peers have answered, or time is up, we choose. */
export function handleDigest<Id extends string>(
  pull: Pull<Id>,
  digest: DataDigest,
  from: PkiId,
  options: PullOptions,
  now: Now,
): readonly Effect[] {
  const { round } = pull;
  const exchange = round?.exchanges.get(from);
  if (round?.phase !== "digests" || exchange?.nonce !== digest.nonce || exchange.hasAnswered) {
    return [drop(from, "pull-unsolicited")];
  }
  exchange.hasAnswered = true;
  for (const item of digest.digests) {
    const id = pull.subject.parseId(item);
    if (id === undefined || pull.offered.has(id) || !isAskedFor(pull, id, from, now)) continue;
    const owners = round.owners.get(id);
    if (owners) owners.push(from);
    else if (round.owners.size < options.limits.pullItemsMax) round.owners.set(id, [from]);
  }
  const isComplete = [...round.exchanges.values()].every(({ hasAnswered }) => hasAnswered);
  return isComplete ? requestItems(pull, round, options, now) : [];
}

/** Each missing item is asked from one of its owners, drawn by lot. */
function requestItems<Id extends string>(
  pull: Pull<Id>,
  round: Round<Id>,
  { random, timing }: PullOptions,
  now: Now,
): readonly Effect[] {
  for (const [item, owners] of round.owners) {
    const owner = owners[random.below(owners.length)];
    if (owner !== undefined) round.exchanges.get(owner)?.requested.add(item);
  }
  const { msgType, encodeId } = pull.subject;
  const effects: Effect[] = [];
  for (const [pkiId, { nonce, endpoint, requested }] of round.exchanges) {
    if (requested.size === 0) continue;
    const digests = [...requested].map(encodeId);
    const peer = { pkiId, endpoint };
    effects.push(sendPull(pull, peer, { type: "request", value: { nonce, digests, msgType } }));
  }
  if (effects.length === 0) {
    pull.round = undefined;
    return [];
  }
  round.phase = "updates";
  round.untilMs = now.elapsedMs + timing.responseWaitMs;
  return effects;
}

/**
 * An update brings items. Those we asked this peer for come back as claims to be checked one by one:
 * a bad one never spoils its neighbours.
 */
export function handleUpdate<Id extends string>(
  pull: Pull<Id>,
  update: DataUpdate,
  from: PkiId,
): { readonly claims: readonly Claim[]; readonly effects: readonly Effect[] } {
  const { round, subject } = pull;
  const exchange = round?.exchanges.get(from);
  if (round?.phase !== "updates" || exchange?.nonce !== update.nonce) {
    return { claims: [], effects: [drop(from, "pull-unsolicited")] };
  }
  const claims: Claim[] = [];
  const effects: Effect[] = [];
  for (const bytes of update.data) {
    const item = subject.parseItem(bytes, from);
    if (!item.ok) effects.push(drop(from, item.code));
    else if (exchange.requested.delete(item.value.id)) claims.push(item.value.claim);
    else effects.push(drop(from, "pull-unsolicited"));
  }
  const isComplete = [...round.exchanges.values()].every(({ requested }) => requested.size === 0);
  if (isComplete) pull.round = undefined;
  return { claims, effects };
}
