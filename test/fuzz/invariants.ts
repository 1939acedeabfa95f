/** What must be true of a core after every step, whatever it was fed. */
import assert from "node:assert/strict";
import { type Core, nextDeadlineMs } from "../../src/core/core.ts";
import type { Effect } from "../../src/core/types/effect.ts";
import type { Now, PkiId } from "../../src/core/types/host.ts";
import { isTagLegal, parseEnvelope, parseMessage } from "../../src/wire/envelope.ts";
import type { PeerTime } from "../../src/wire/messages.ts";
import { isNewer } from "../../src/wire/received.ts";

/** Fixed bounds of the core, as documented beside its tables. */
const ASIDE_MAX = 4_096;
const WANTED_MAX = 1_000;
const SHUNNED_MAX = 10_000;
const PENDING_MAX = 1_000;
const QUESTIONS_MAX = 1_000;
const NAMES_MAX = 3;
const LAST_WORDS_MAX = 20_000;

/** The times of all members, to be compared with those after the step. */
export type Times = ReadonlyMap<PkiId, PeerTime>;

export function timesOf(core: Core): Times {
  return new Map([...core.members.table].map(([pkiId, { time }]) => [pkiId, time]));
}

/** Throws if the state is one that must never be. `before`: the times before the step. */
export function checkCore(core: Core, before: Times, now: Now): void {
  checkMembers(core, before);
  checkIdentities(core, now);
  checkBounds(core);
  assert.ok(!Number.isNaN(nextDeadlineMs(core)), "no next deadline");
}

function checkMembers({ members, identities, options, self }: Core, before: Times): void {
  const { table, tombstones, byEndpoint, aliveCount } = members;
  let alive = 0;
  const certificates = new Set<string>();
  for (const [pkiId, member] of table) {
    alive += member.status === "alive" ? 1 : 0;
    assert.equal(member.pkiId, pkiId, "a member under another name");
    assert.equal(member.alive.pkiId, pkiId, "a member with the message of another");
    assert.ok(pkiId !== options.self.pkiId && !self.formerIds.has(pkiId), "we are our own member");
    assert.ok(!tombstones.has(pkiId), "a member and forgotten");
    const author = identities.table.get(pkiId)?.identity;
    assert.ok(author, "a member whose identity is unknown");
    assert.equal(member.mspId, author.mspId, "a member of another organisation");
    assert.ok(!certificates.has(author.certificate), "one certificate, two members");
    assert.notEqual(author.certificate, options.self.certificate, "we are a member");
    certificates.add(author.certificate);
    const isOwnOrg = member.mspId === options.self.mspId;
    assert.ok(isOwnOrg || member.internalEndpoint === undefined, "an internal endpoint of others");
    const time = before.get(pkiId);
    assert.ok(time === undefined || !isNewer(time, member.time), "a view that moves backwards");
    assert.ok(member.alive.envelope.bytes.buffer.byteLength <= 16_384, "pins a network buffer");
  }
  assert.equal(aliveCount, alive, "the count of the living");
  for (const pkiId of byEndpoint.values()) assert.ok(table.has(pkiId), "nobody at an endpoint");
}

function checkIdentities({ identities, options, pull }: Core, now: Now): void {
  for (const [pkiId, { identity }] of identities.table) {
    assert.equal(identity.pkiId, pkiId, "an identity under another name");
    assert.ok(identity.notAfterMs > now.wallMs, "an expired identity");
    const names = identities.byCertificate.get(identity.certificate) ?? [];
    const isOurs = identity.certificate === options.self.certificate;
    assert.ok(!isOurs || pkiId === options.self.pkiId, "our certificate under another name");
    assert.ok(names.includes(pkiId), "a name that its certificate does not know of");
    assert.ok(names.length <= NAMES_MAX, "too many names of one certificate");
  }
  const named = [...identities.byCertificate.values()].flat();
  assert.equal(named.length, identities.table.size, "a name without an identity");
  for (const pkiId of pull.offered.keys()) {
    assert.ok(
      pkiId === options.self.pkiId || identities.table.has(pkiId),
      "an unknown one offered",
    );
  }
}

function checkBounds(core: Core): void {
  const { members, identities, verificationQueue, pull, self, options } = core;
  const { limits } = options;
  const { live, expired, byAuthor } = core.channelNews;
  const bounds: readonly (readonly [name: string, size: number, max: number])[] = [
    ["members", members.table.size, limits.membersMax],
    ["endpoints", members.byEndpoint.size, 2 * limits.membersMax],
    ["identities", identities.table.size, limits.identitiesMax],
    ["backlog", verificationQueue.backlog.length - verificationQueue.done, limits.backlogMax],
    ["aside", verificationQueue.aside.size, ASIDE_MAX],
    ["offered", pull.offered.size, limits.identitiesMax],
    ["wanted", pull.wanted.size, WANTED_MAX],
    ["shunned", pull.shunned.size, SHUNNED_MAX],
    ["resting", pull.resting.size, SHUNNED_MAX],
    ["asked for", pull.round?.owners.size ?? 0, limits.pullItemsMax],
    ["signatures", self.pending.size, PENDING_MAX],
    ["impostors", self.impostors.size, 10],
    ["last words", core.names.lastWords.size, LAST_WORDS_MAX],
    ["questions", core.suspicions.open.size, QUESTIONS_MAX],
    ["news of channels", live.size + expired.size, limits.stateInfosMax],
    ["authors of them", byAuthor.size, limits.stateInfosMax],
    // A burst that is complete leaves in the same step.
    ["messages to pass on", core.broadcastQueue.waiting.size, options.fanout.burstSize],
  ];
  for (const [name, size, max] of bounds) assert.ok(size <= max, `${size} ${name}`);
  for (const hellos of pull.hellos.values()) assert.ok(hellos.length <= limits.hellosPerPeerMax);
  for (const [pkiId, { claim }] of verificationQueue.aside) assert.equal(claim.alive.pkiId, pkiId);
  for (const list of verificationQueue.lists.values()) assert.ok(list.done < list.entries.length);
}

/** How an organisation names itself to the checker of what is sent. */
export type OrganisationOf = (pkiId: PkiId) => string | undefined;

/** What is sent can be read, may be sent, and tells nobody what is not for them. */
export function checkEffects(
  { options: { self } }: Core,
  effects: readonly Effect[],
  orgOf: OrganisationOf,
): void {
  for (const effect of effects) {
    if (effect.type === "drop") assert.ok(effect.times > 0);
    if (effect.type !== "send") continue;
    assert.notEqual(effect.to, self.pkiId, "we write to ourselves");
    const reader = orgOf(effect.to);
    for (const { bytes } of effect.messages) checkSent(bytes, self.mspId, reader, orgOf);
  }
}

function checkSent(
  bytes: Uint8Array,
  ownOrg: string,
  reader: string | undefined,
  orgOf: OrganisationOf,
): void {
  const envelope = parseEnvelope(bytes);
  assert.ok(envelope.ok, "sent something that is no envelope");
  const message = parseMessage(envelope.value.payload);
  assert.ok(message.ok && isTagLegal(message.value), "sent something illegal");
  const { content } = message.value;
  const shown = [bytes];
  if (content?.type === "membership-request") shown.push(content.value.selfInformation);
  if (content?.type === "membership-response") {
    shown.push(...content.value.alive, ...content.value.dead);
  }
  for (const one of shown) checkShown(one, ownOrg, reader, orgOf);
}

function checkShown(
  bytes: Uint8Array,
  ownOrg: string,
  reader: string | undefined,
  orgOf: OrganisationOf,
): void {
  const envelope = parseEnvelope(bytes);
  assert.ok(envelope.ok);
  const isOwnOrg = reader === ownOrg;
  assert.ok(isOwnOrg || envelope.value.secret === undefined, "a secret leaves the organisation");
  const message = parseMessage(envelope.value.payload);
  const content = message.ok ? message.value.content : undefined;
  assert.ok(isOwnOrg || content?.type !== "state-info", "news of a channel leave the organisation");
  if (content?.type !== "alive") return;
  const subject = orgOf(
    Buffer.from(content.value.membership?.pkiId ?? []).toString("hex") as PkiId,
  );
  const isTheirs = subject === ownOrg || subject === reader;
  assert.ok(isTheirs || isOwnOrg, "a third organisation is shown");
}
