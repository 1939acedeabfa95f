/**
 * What waits to be passed on, and to whom it goes. Messages gather for a moment, so that those for
 * one peer leave together. Source: spec B 4 (Fabric's `batcher.go`, `gossipBatch`).
 */
import { type Envelope, withoutSecret } from "../wire/envelope.ts";
import type { Now, PkiId, Random } from "./abilities.ts";
import { disclosePush, type Party } from "./disclosure.ts";
import { type Effect, type Outgoing, send } from "./effect.ts";
import { type Member, preferredEndpoint } from "./membership.ts";
import type { Fanout } from "./options.ts";

/** An alive message on its way. */
export interface Emission {
  readonly envelope: Envelope;
  readonly origin: PkiId;
  readonly originParty: Party;
  /** The peer that passed it to us; undefined for our own. */
  readonly from: PkiId | undefined;
}

interface Waiting {
  readonly emission: Emission;
  readonly timesLeft: number;
}

export interface Emitter {
  waiting: Waiting[];
  /** When what waits is to leave; Infinity if nothing waits. */
  flushAtMs: number;
}

export function createEmitter(): Emitter {
  return { waiting: [], flushAtMs: Number.POSITIVE_INFINITY };
}

/** Adds a message. It leaves within the burst latency, or at once when the burst is complete. */
export function emit(
  emitter: Emitter,
  emission: Emission,
  fanout: Fanout,
  latencyMs: number,
  now: Now,
): void {
  if (fanout.iterations === 0) return;
  emitter.waiting.push({ emission, timesLeft: fanout.iterations });
  const isComplete = emitter.waiting.length >= fanout.burstSize;
  const flushAtMs = isComplete ? now.elapsedMs : now.elapsedMs + latencyMs;
  emitter.flushAtMs = Math.min(emitter.flushAtMs, flushAtMs);
}

/** Passes on everything that waits: to each message its own choice of peers, to each peer one send. */
export function flush(
  emitter: Emitter,
  members: readonly Member[],
  ownMspId: string,
  fanout: Fanout,
  latencyMs: number,
  random: Random,
  now: Now,
): readonly Effect[] {
  const bundles = new Map<PkiId, { member: Member; messages: Outgoing[] }>();
  for (const { emission } of emitter.waiting) {
    const targets = chooseTargets(emission, members, ownMspId, fanout.propagatePeers, random);
    for (const { member, message } of targets) {
      const bundle = bundles.get(member.pkiId);
      if (bundle) bundle.messages.push(message);
      else bundles.set(member.pkiId, { member, messages: [message] });
    }
  }
  emitter.waiting = emitter.waiting
    .map(({ emission, timesLeft }) => ({ emission, timesLeft: timesLeft - 1 }))
    .filter(({ timesLeft }) => timesLeft > 0);
  emitter.flushAtMs =
    emitter.waiting.length === 0 ? Number.POSITIVE_INFINITY : now.elapsedMs + latencyMs;
  return [...bundles.values()].map(({ member, messages }) =>
    send(member.pkiId, preferredEndpoint(member), ...messages),
  );
}

/** Up to `count` random members that may see the message and surely do not have it. */
function chooseTargets(
  emission: Emission,
  members: readonly Member[],
  ownMspId: string,
  count: number,
  random: Random,
): readonly { readonly member: Member; readonly message: Outgoing }[] {
  const { envelope, origin, originParty, from } = emission;
  const replaces = `alive ${origin}`;
  let stripped: Outgoing | undefined;
  const targets: { member: Member; message: Outgoing }[] = [];
  for (const member of shuffled(members, random)) {
    if (targets.length === count) break;
    if (member.pkiId === from || member.pkiId === origin) continue;
    const disclosure = disclosePush(ownMspId, originParty, partyOf(member));
    if (disclosure === "hidden") continue;
    if (disclosure === "with-secret") {
      targets.push({ member, message: { bytes: envelope.bytes, replaces } });
    } else {
      stripped ??= { bytes: withoutSecret(envelope).bytes, replaces };
      targets.push({ member, message: stripped });
    }
  }
  return targets;
}

export function partyOf(member: Member): Party {
  return { mspId: member.mspId, isExternal: member.endpoint !== "" };
}

/** The items in random order, drawn one by one: taking k of n costs k draws and one copy. */
export function* shuffled<T>(items: readonly T[], random: Random): Generator<T> {
  const pool = [...items];
  for (let left = pool.length; left > 0; left--) {
    const index = random.below(left);
    const [item, last] = [pool[index], pool[left - 1]];
    if (last !== undefined) pool[index] = last;
    if (item !== undefined) yield item;
  }
}
