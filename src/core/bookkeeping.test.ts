/** What is noted, charged and forgotten beside the main thing: nobody would miss it at first. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseEnvelope } from "../wire/envelope.ts";
import { nextSuspicionMs } from "./core.ts";
import { checkExpiry, checkUnused } from "./handlers/expiry.ts";
import { beginRound } from "./handlers/identity-pull.ts";
import { publishIdentity } from "./handlers/publish.ts";
import { putMember } from "./tables/members.ts";
import { isAskedFor, rest, want } from "./tables/pull.ts";
import { createSuspicions, pingSuspects, raise, tidySuspicions } from "./tables/suspicion.ts";
import { createWorld, type TestNode, type World } from "./testing.ts";
import { heightOf } from "./testing-channel.ts";
import {
  channelOf,
  give as giveOnChannel,
  one,
  setUp as setUpChannel,
  two,
} from "./testing-followed.ts";
import { testIdentity } from "./testing-identities.ts";
import { aliveOf, digest, unsigned } from "./testing-messages.ts";
import { stripped } from "./testing-second-hand.ts";
import type { Identity } from "./types/host.ts";
import type { Member } from "./types/member.ts";
import { DEFAULT_TIMING } from "./types/options.ts";

const [friend, other, third, author] = ["friend", "other", "third", "author"].map((name) =>
  testIdentity("A", name),
) as [Identity, Identity, Identity, Identity];
const foreigner = testIdentity("B", "foreigner");
const stranger = testIdentity("A", "stranger");

/** A node that knows four of its organisation and one of another, all connected. */
function setUp(): { world: World; node: TestNode } {
  const world = createWorld(1);
  const node = world.add("n", { trusts: ["A", "B"] });
  for (const peer of [friend, other, third, author, foreigner]) {
    world.meet(node, peer);
    give(world, node, alive(peer, 1n), peer);
  }
  world.run(100);
  node.sent.length = 0;
  node.drops.length = 0;
  return { world, node };
}

function alive(peer: Identity, seqNum: bigint, internalEndpoint?: string): Uint8Array {
  const endpoint = `${peer.subject}:1`;
  return aliveOf(peer, { seqNum, endpoint, ...(internalEndpoint && { internalEndpoint }) });
}

function give(world: World, node: TestNode, bytes: Uint8Array, from: Identity): void {
  world.give(node, { type: "message", from: from.pkiId, bytes });
}

/** Who was sent something of this type since, by name. */
function receivers({ sent }: TestNode, type: string): string[] {
  const all = [friend, other, third, author, foreigner, one, two];
  return sent
    .filter(({ message }) => message.content?.type === type)
    .map(({ to }) => all.find(({ pkiId }) => pkiId === to)?.subject.slice(3) ?? to)
    .toSorted();
}

function listing(heading: "alive" | "dead", ...messages: readonly Uint8Array[]): Uint8Array {
  return unsigned({ type: "membership-response", value: { [heading]: messages } });
}

describe("an alive message that waits to be passed on", () => {
  for (const [name, copy] of [
    ["the same bytes", (bytes: Uint8Array) => bytes.slice()],
    ["it without its secret", stripped],
  ] as const) {
    test(`goes to nobody who sends us ${name} meanwhile`, () => {
      const { world, node } = setUp();
      const bytes = alive(author, 2n, "inside:1");
      give(world, node, bytes, friend);
      give(world, node, copy(bytes), other);
      world.run(50);
      assert.deepEqual(receivers(node, "alive"), ["foreigner", "third"]);
      assert.deepEqual(node.drops, ["stale"]);
    });
  }

  test("is kept and passed on without the secret of another organisation", () => {
    const { world, node } = setUp();
    give(world, node, alive(foreigner, 2n, "theirs:1"), foreigner);
    world.run(50);
    const member = node.core.members.table.get(foreigner.pkiId);
    assert.deepEqual([member?.time.seqNum, member?.alive.envelope.secret], [2n, undefined]);
    const relayed = node.sent.filter(({ message }) => message.content?.type === "alive");
    assert.ok(relayed.length > 0);
    for (const { bytes } of relayed) {
      const envelope = parseEnvelope(bytes);
      assert.ok(envelope.ok && envelope.value.secret === undefined);
    }
  });
});

describe("an author that nobody knows", () => {
  test("is asked for in one round: if none of those asked has it, until it is heard of again", () => {
    const { world, node } = setUp();
    const hellos = (): (readonly [Identity["pkiId"], bigint])[] =>
      node.sent.flatMap(({ to, message: { content } }) =>
        content?.type === "hello" ? [[to, content.value.nonce] as const] : [],
      );
    give(world, node, alive(stranger, 1n), friend);
    world.run(1);
    assert.equal(hellos().length, 1, "who has passed it on, and nobody else");
    for (const [pkiId, nonce] of hellos()) {
      world.give(node, { type: "message", from: pkiId, bytes: digest(nonce, []) });
    }
    world.run(1_000);
    assert.equal(hellos().length, 1);
  });

  test("of three that know it, three are asked although more do", () => {
    const { world, node } = setUp();
    const peers = [friend, other, third, author, foreigner];
    for (const [i, peer] of peers.entries()) {
      give(world, node, alive(testIdentity("A", `unknown${i}`), 1n), peer);
    }
    node.sent.length = 0;
    world.run(2_500); // The first round had one peer, and was not answered.
    assert.equal(receivers(node, "hello").length, node.core.options.fanout.pullPeers);
  });

  test("leaves nothing behind when its message has waited too long", () => {
    const { world, node } = setUp();
    const { verificationQueue } = node.core;
    give(world, node, alive(stranger, 1n), friend);
    assert.equal(verificationQueue.aside.size, 1);
    world.run(DEFAULT_TIMING.aliveExpiryMs + DEFAULT_TIMING.aliveExpiryCheckMs + 1);
    assert.deepEqual([verificationQueue.aside.size, verificationQueue.asideBy.size], [0, 0]);
  });
});

describe("dead members", () => {
  test("are dialled in the order in which their time has come", () => {
    const { world, node } = setUp();
    const dead = Array.from({ length: 60 }, (_, i) => testIdentity("A", `m${i}`));
    const messages = dead.map((one) =>
      aliveOf(one, { identity: true, endpoint: `${one.subject}:1` }),
    );
    give(world, node, listing("dead", ...messages), friend);
    world.run(500);
    const { members } = node.core;
    for (const [i, { pkiId }] of dead.entries()) {
      const member = members.table.get(pkiId);
      if (member) members.table.set(pkiId, { ...member, reconnectAtMs: -i });
    }
    const pinged = checkExpiry({ ...node.core, now: world.now() }).flatMap((effect) =>
      effect.type === "ping" ? [effect.pkiId] : [],
    );
    const longest = dead
      .slice(10)
      .map(({ pkiId }) => pkiId)
      .reverse();
    assert.deepEqual(pinged, longest);
  });
});

describe("the expiry check", () => {
  const { aliveExpiryCheckMs } = DEFAULT_TIMING;

  /** Whom it pings. */
  function check(world: World, node: TestNode): readonly string[] {
    return checkExpiry({ ...node.core, now: world.now() }).flatMap((effect) =>
      effect.type === "ping" ? [effect.pkiId] : [],
    );
  }

  /** Changes what the node knows of the friend. */
  function change({ core }: TestNode, part: Partial<Member>): void {
    putMember(core.members, { ...memberAt(core, friend), ...part });
  }

  function memberAt({ members }: TestNode["core"], { pkiId }: Identity): Member {
    return members.table.get(pkiId) ?? assert.fail();
  }

  test("does not look at members that were heard of when it did last", (t) => {
    const { world, node } = setUp();
    world.run(aliveExpiryCheckMs + 1);
    const { mock } = t.mock.method(node.core.members.table, "values");
    check(world, node);
    assert.equal(mock.callCount(), 0);
    world.run(DEFAULT_TIMING.aliveExpiryMs + aliveExpiryCheckMs);
    assert.notEqual(mock.callCount(), 0);
    assert.equal(memberAt(node.core, third).status, "dead");
  });

  test("tries to reach a member when its time has come", () => {
    const { world, node } = setUp();
    const dueMs = world.now().elapsedMs + 1_000;
    change(node, { isCutOff: true, reconnectAtMs: dueMs });
    assert.deepEqual(check(world, node), []);
    world.run(999);
    assert.deepEqual(check(world, node), []);
    world.run(1);
    assert.deepEqual(check(world, node), [friend.pkiId]);
  });

  for (const [name, part] of [
    ["dead", { status: "dead" }],
    ["cut off", { isCutOff: true }],
  ] as const) {
    test(`tries to reach one that is ${name} at once if news of it says so`, () => {
      const { world, node } = setUp();
      change(node, { ...part, reconnectAtMs: Number.POSITIVE_INFINITY });
      assert.deepEqual(check(world, node), []);
      change(node, { reconnectAtMs: world.now().elapsedMs });
      assert.deepEqual(check(world, node), [friend.pkiId]);
    });
  }

  test("forgets accounts that owe nothing any more", () => {
    const { world, node } = setUp();
    const debtors = () => Object.values(node.core.rateLimits).map(({ debts }) => debts.size);
    assert.notDeepEqual(debtors(), [0, 0, 0]);
    world.run(aliveExpiryCheckMs + 1);
    check(world, node);
    assert.deepEqual(debtors(), [0, 0, 0]);
  });
});

describe("suspicions", () => {
  test("of many members come one after the other, and are over some time after their answer", () => {
    const { world, node } = setUp();
    const suspicions = createSuspicions();
    const { members, lateness } = node.core;
    const options = { ...node.core.options, random: { below: () => 0, uint64: () => 0n } };
    const now = world.now();
    for (const member of members.table.values()) {
      raise({ suspicions, options, now }, member, { type: "told", time: member.time });
    }
    const waits: number[] = [];
    for (let ms = 1; ms <= 1_000; ms++) {
      const later = { ...now, elapsedMs: now.elapsedMs + ms };
      const tables = { suspicions, options, now: later, members, lateness };
      const isDue = nextSuspicionMs(suspicions, {}) <= later.elapsedMs;
      if (isDue && pingSuspects(tables, false).length > 0) waits.push(ms);
    }
    assert.deepEqual(waits, [200, 220, 240, 260, 280]);
    assert.equal(suspicions.dueMs, Number.POSITIVE_INFINITY);
    suspicions.pinged.clear();
    suspicions.pinged.set(friend.pkiId, now.elapsedMs);
    suspicions.asked.set(friend.pkiId, now.elapsedMs);
    suspicions.silent.add(friend.pkiId);
    const sizesAfter = (ms: number): readonly number[] => {
      tidySuspicions(suspicions, DEFAULT_TIMING, { ...now, elapsedMs: now.elapsedMs + ms });
      return [suspicions.pinged.size, suspicions.asked.size, suspicions.silent.size];
    };
    assert.deepEqual(
      [sizesAfter(10_000), sizesAfter(10_001)],
      [
        [1, 1, 1],
        [0, 0, 0],
      ],
    );
  });

  test("a member that answers is told that we live once, however often its connection breaks", () => {
    const { world, node } = setUp();
    const { pkiId } = friend;
    for (let i = 0; i < 3; i++) {
      world.give(node, { type: "connection-lost", pkiId });
      world.give(node, { type: "pinged", pkiId, reachable: true });
      world.run(20);
    }
    assert.deepEqual(receivers(node, "membership-request"), ["friend"]);
  });

  test("a member that answers, but is not heard of, is asked once in a fiftieth of a heartbeat", () => {
    const { world, node } = setUp();
    const { members, suspicions } = node.core;
    const { pkiId } = friend;
    suspicions.pinged.set(pkiId, world.now().elapsedMs);
    const answer = (): number => {
      node.sent.length = 0;
      const member = members.table.get(pkiId);
      assert.ok(member?.status === "alive");
      const lastSeenMs = world.now().elapsedMs - 2 * DEFAULT_TIMING.aliveIntervalMs - 1;
      members.table.set(pkiId, { ...member, isSuspect: true, lastSeenMs });
      world.give(node, { type: "pinged", pkiId, reachable: true });
      world.run(1);
      return receivers(node, "membership-request").filter((name) => name === "friend").length;
    };
    assert.deepEqual([answer(), answer()], [1, 0]);
    world.run(100);
    assert.equal(answer(), 1);
  });
});

describe("an identity", () => {
  test("that nobody needed is asked for again as soon as its owner is heard of", () => {
    const { world, node } = setUp();
    const { pull } = node.core;
    const { pkiId } = stranger;
    rest(pull, pkiId, 3_600_000, world.now());
    const isWanted = (): boolean => isAskedFor(pull, pkiId, friend.pkiId, world.now());
    assert.equal(isWanted(), false);
    want(pull, pkiId, friend.pkiId, world.now());
    assert.equal(isWanted(), true);
  });

  test("of a contact stays, though nobody needs it and it is no member", () => {
    const { world, node } = setUp();
    const [contact, nobody] = [stranger, testIdentity("A", "nobody")];
    for (const one of [contact, nobody]) world.meet(node, one);
    const about = { endpoint: "c:1", isBootstrap: true, isResolved: false, isFormer: false };
    const state = { type: "connected", pkiId: contact.pkiId } as const;
    node.core.contacts.push({ ...about, state, failures: 0, isSelf: false });
    const { elapsedMs, wallMs } = world.now();
    const hourMs = DEFAULT_TIMING.identityUnusedMs + 1;
    const now = { elapsedMs: elapsedMs + hourMs, wallMs: wallMs + hourMs };
    checkUnused({ ...node.core, now });
    const { table } = node.core.identities;
    assert.deepEqual([table.has(contact.pkiId), table.has(nobody.pkiId)], [true, false]);
  });

  test("is offered by one digest of each peer in a round", () => {
    const { world, node } = setUp();
    const { pull } = node.core;
    const peers = [friend, other].map(({ pkiId }) => ({ pkiId, endpoint: "" }));
    beginRound({ ...node.core, now: world.now() }, peers);
    const nonce = pull.round?.exchanges.get(friend.pkiId)?.nonce ?? 0n;
    node.drops.length = 0;
    for (const item of [stranger, third]) give(world, node, digest(nonce, [item]), friend);
    assert.deepEqual(node.drops, ["pull-unsolicited"]);
    assert.deepEqual([...(pull.round?.owners.keys() ?? [])], [stranger.pkiId]);
  });
});

describe("our own messages", () => {
  test("an identity message is signed once, although nobody has signed it yet", () => {
    const { node } = setUp();
    const { core } = node;
    core.pull.offered.delete(node.identity.pkiId);
    const [first, second] = [publishIdentity(core), publishIdentity(core)];
    assert.deepEqual([first.length, second.length], [1, 0]);
  });

  test("requests and answers of one heartbeat carry the same alive message", () => {
    const { world, node } = setUp();
    const { self } = node.core;
    assert.notEqual(
      world.runUntil(() => receivers(node, "alive").length > 0, 6_000),
      undefined,
    );
    const { sequence } = self;
    Object.assign(node.core.syncBackoff, { dueMs: world.now().elapsedMs, idleRounds: 0 });
    node.sent.length = 0;
    world.give(node, { type: "tick" });
    world.run(50);
    assert.equal(receivers(node, "membership-request").length, 3);
    const selfInformation = alive(friend, 9n);
    give(world, node, unsigned({ type: "membership-request", value: { selfInformation } }), friend);
    world.run(1);
    assert.deepEqual(receivers(node, "membership-response"), ["friend"]);
    assert.equal(self.sequence, sequence);
  });

  test("mark as a member that draws its peers only who is one, and gossips them", () => {
    const { world, node } = setUp();
    const { randomRelays } = node.core;
    const own = aliveOf(node.identity, { endpoint: node.endpoint });
    world.meet(node, stranger);
    give(world, node, own, stranger);
    give(world, node, listing("alive", own), friend);
    world.run(10);
    assert.equal(randomRelays.size, 0);
    give(world, node, own, friend);
    assert.deepEqual([...randomRelays], [friend.pkiId]);
  });

  test("a renewed identity takes nothing of the old one along", () => {
    const { world, node } = setUp();
    world.run(5_000);
    const old = node.identity.pkiId;
    assert.ok(node.core.pull.offered.has(old) && node.connected.size > 0);
    world.renew(node, testIdentity("A", "renewed"));
    assert.equal(node.connected.size, 0);
    world.run(1);
    assert.deepEqual(
      [node.core.pull.offered.has(old), node.core.pull.offered.has(node.identity.pkiId)],
      [false, true],
    );
    assert.equal(node.core.identities.table.has(old), false);
  });

  test("are signed by an identity that a change of trust does not concern", () => {
    const { world, node } = setUp();
    const { pkiId } = node.identity;
    node.crypto.revoked.add(pkiId).add(other.pkiId);
    world.give(node, { type: "trust-changed" });
    world.run(10);
    const { table } = node.core.identities;
    assert.deepEqual([table.has(pkiId), table.has(other.pkiId)], [true, false]);
  });
});

test("while the list of a peer is worked through, another one of it is refused, and none of others", () => {
  const { world, node } = setUp();
  const many = Array.from({ length: 100 }, (_, i) => testIdentity("A", `m${i}`));
  const list = listing("alive", ...many.map((one) => aliveOf(one, { identity: true })));
  give(world, node, list, friend);
  give(world, node, list.slice(), friend);
  assert.deepEqual(node.drops, ["backlog-full"]);
  give(world, node, list.slice(), other);
  assert.deepEqual(node.drops, ["backlog-full"]);
});

describe("StateInfo that is replaced or removed", () => {
  test("leaves no bytes behind, nor an index", () => {
    const { world, node } = setUpChannel();
    const channel = channelOf(node);
    giveOnChannel(world, node, heightOf(two, 5n), one);
    const { bytes } = channel;
    assert.deepEqual([bytes, channel.byBytes.size], [heightOf(two, 5n).length, 1]);
    giveOnChannel(world, node, heightOf(two, 6n), one);
    assert.deepEqual([channel.bytes, channel.byBytes.size], [heightOf(two, 6n).length, 1]);
    node.crypto.revoked.add(two.pkiId);
    world.give(node, { type: "trust-changed" });
    world.run(10);
    assert.deepEqual([channel.bytes, channel.byBytes.size, channel.members.size], [0, 0, 0]);
  });

  test("of whoever is no member any more goes, though its identity stays", () => {
    const { world, node } = setUpChannel();
    const channel = channelOf(node);
    giveOnChannel(world, node, heightOf(two, 5n), one);
    node.core.members.table.delete(two.pkiId);
    const graceMs = 5 * DEFAULT_TIMING.stateInfoIntervalMs;
    const isThereAfter = (ms: number): boolean => {
      world.leap(world.now().elapsedMs + ms);
      checkExpiry({ ...node.core, now: world.now() });
      return channel.members.has(two.pkiId);
    };
    assert.deepEqual([isThereAfter(graceMs), isThereAfter(1)], [true, false]);
  });

  test("is asked for of as many members as identities are", () => {
    const { world, node } = setUpChannel();
    for (const peer of [one, two]) giveOnChannel(world, node, heightOf(peer, 5n), peer);
    node.sent.length = 0;
    node.core.channels.pullAtMs = world.now().elapsedMs;
    world.give(node, { type: "tick" });
    const asked = node.sent.filter(
      ({ message }) => message.content?.type === "state-info-pull-request",
    );
    assert.equal(asked.length, node.core.options.fanout.pullPeers);
  });
});
