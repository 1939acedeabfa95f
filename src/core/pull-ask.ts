/** The asking side of the identity pull (spec C1 3.4, 5.2). */
import { encodeUnsigned, parseEnvelope, parseMessage } from "../wire/envelope.ts";
import { type DataDigest, type DataUpdate, PULL_TYPE, TAG } from "../wire/messages.ts";
import { accept, reject, type Verdict } from "../wire/verdict.ts";
import type { Now, PkiId } from "./abilities.ts";
import { enqueueClaim } from "./claims.ts";
import { drop, type Effect, send } from "./effect.ts";
import { shuffled } from "./emitter.ts";
import { aliveMembers, type Member, preferredEndpoint } from "./membership.ts";
import { parsePkiId, pkiIdBytes } from "./pki-id.ts";
import { type Exchange, isShunned, type Round } from "./pull.ts";
import type { Core } from "./state.ts";
import type { IdentityClaim } from "./verify.ts";

/** Pause between rounds started out of turn. */
const URGENT_PAUSE_MS = 200;

/** The regular round: a few random members of any organisation. */
export function startRound(core: Core, now: Now): readonly Effect[] {
  if (core.pull.round !== undefined) return [];
  const { random, fanout } = core.options;
  const peers: Member[] = [];
  for (const member of shuffled(aliveMembers(core.members), random)) {
    if (peers.length === fanout.pullPeers) break;
    peers.push(member);
  }
  return beginRound(core, peers, now);
}

/** Ends what is overdue, and starts a round out of turn if somebody unknown was heard of. */
export function attendPull(core: Core, now: Now): readonly Effect[] {
  const { pull } = core;
  if (pull.round !== undefined) {
    if (now.elapsedMs < pull.round.untilMs) return [];
    return pull.round.phase === "digests" ? requestItems(core, pull.round, now) : endRound(core);
  }
  if (pull.wanted.size === 0 || now.elapsedMs < pull.urgentAtMs) return [];
  pull.urgentAtMs = now.elapsedMs + URGENT_PAUSE_MS;
  const peers = new Map<PkiId, Member>();
  for (const from of pull.wanted.values()) {
    const member = core.members.table.get(from);
    if (member?.status === "alive") peers.set(from, member);
    if (peers.size === core.options.fanout.pullPeers) break;
  }
  pull.wanted.clear(); // Whoever is still unknown afterwards is wanted again with its next message.
  return beginRound(core, [...peers.values()], now);
}

function beginRound(core: Core, peers: readonly Member[], now: Now): readonly Effect[] {
  if (peers.length === 0) return [];
  const exchanges = new Map<PkiId, Exchange>();
  const effects: Effect[] = [];
  for (const peer of peers) {
    const nonce = core.options.random.uint64();
    const endpoint = preferredEndpoint(peer);
    exchanges.set(peer.pkiId, { nonce, endpoint, hasAnswered: false, requested: new Set() });
    const bytes = encodeUnsigned({
      tag: TAG.empty,
      content: { type: "hello", value: { nonce, msgType: PULL_TYPE.identity } },
    });
    effects.push(send(peer.pkiId, endpoint, { bytes }));
  }
  const untilMs = now.elapsedMs + core.options.timing.digestWaitMs;
  core.pull.round = { phase: "digests", untilMs, exchanges, owners: new Map() };
  return effects;
}

/** A digest lists what the peer has. When all peers have answered, or time is up, we choose. */
export function handleDigest(
  core: Core,
  digest: DataDigest,
  from: PkiId,
  now: Now,
): readonly Effect[] {
  const { round, offered } = core.pull;
  const exchange = round?.exchanges.get(from);
  if (round?.phase !== "digests" || exchange?.nonce !== digest.nonce || exchange.hasAnswered) {
    return [drop(from, "pull-unsolicited")];
  }
  exchange.hasAnswered = true;
  for (const item of digest.digests) {
    const pkiId = parsePkiId(item);
    if (pkiId === undefined || offered.has(pkiId) || isShunned(core.pull, pkiId, now)) continue;
    const owners = round.owners.get(pkiId);
    if (owners) owners.push(from);
    else if (round.owners.size < core.options.limits.pullItemsMax) round.owners.set(pkiId, [from]);
  }
  const isComplete = [...round.exchanges.values()].every(({ hasAnswered }) => hasAnswered);
  return isComplete ? requestItems(core, round, now) : [];
}

/** Each missing item is asked from one of its owners, drawn by lot. */
function requestItems(core: Core, round: Round, now: Now): readonly Effect[] {
  for (const [item, owners] of round.owners) {
    const owner = owners[core.options.random.below(owners.length)];
    if (owner !== undefined) round.exchanges.get(owner)?.requested.add(item);
  }
  const effects: Effect[] = [];
  for (const [peer, { nonce, endpoint, requested }] of round.exchanges) {
    if (requested.size === 0) continue;
    const digests = [...requested].map(pkiIdBytes);
    const bytes = encodeUnsigned({
      tag: TAG.empty,
      content: { type: "request", value: { nonce, digests, msgType: PULL_TYPE.identity } },
    });
    effects.push(send(peer, endpoint, { bytes }));
  }
  if (effects.length === 0) return endRound(core);
  round.phase = "updates";
  round.untilMs = now.elapsedMs + core.options.timing.responseWaitMs;
  return effects;
}

function endRound(core: Core): readonly Effect[] {
  core.pull.round = undefined;
  return [];
}

/** An update brings items. Each is judged alone: a bad one never spoils its neighbours. */
export function handleUpdate(core: Core, update: DataUpdate, from: PkiId): readonly Effect[] {
  const { round } = core.pull;
  const exchange = round?.exchanges.get(from);
  if (round?.phase !== "updates" || exchange?.nonce !== update.nonce) {
    return [drop(from, "pull-unsolicited")];
  }
  const effects: Effect[] = [];
  for (const bytes of update.data) {
    const item = parseIdentityClaim(bytes);
    if (!item.ok) effects.push(drop(from, item.code));
    else if (!exchange.requested.delete(item.value.pkiId)) {
      effects.push(drop(from, "pull-unsolicited"));
    } else {
      const claim = { type: "identity", from, item: item.value } as const;
      if (!enqueueClaim(core.claims, claim, core.options.limits.backlogMax)) {
        effects.push(drop(from, "backlog-full"));
      }
    }
  }
  const isComplete = [...round.exchanges.values()].every(({ requested }) => requested.size === 0);
  return isComplete ? [...effects, ...endRound(core)] : effects;
}

function parseIdentityClaim(
  bytes: Uint8Array,
): Verdict<IdentityClaim, "malformed" | "not-an-identity"> {
  const envelope = parseEnvelope(bytes);
  if (!envelope.ok) return reject("malformed");
  const message = parseMessage(envelope.value.payload);
  if (!message.ok) return reject("malformed");
  const { content } = message.value;
  if (content?.type !== "peer-identity") return reject("not-an-identity");
  const pkiId = parsePkiId(content.value.pkiId);
  if (pkiId === undefined) return reject("not-an-identity");
  return accept({ pkiId, certificate: content.value.cert, envelope: envelope.value });
}
