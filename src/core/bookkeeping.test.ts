/** What is noted, charged and forgotten beside the main thing: nobody would miss it at first. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseEnvelope } from "../wire/envelope.ts";
import { checkExpiry, checkUnused } from "./handlers/expiry.ts";
import { beginRound } from "./handlers/identity-pull.ts";
import { publishIdentity } from "./handlers/publish.ts";
import { isAskedFor, rest, want } from "./tables/pull.ts";
import {
  alive,
  author,
  foreigner,
  friend,
  give,
  listing,
  other,
  receivers,
  setUp,
  third,
} from "./testing-bookkeeping.ts";
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
import { DEFAULT_TIMING } from "./types/options.ts";

const stranger = testIdentity("A", "stranger");

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
