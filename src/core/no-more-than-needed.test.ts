/** Work that a member does once, although it is given reason to do it again. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkExpiry } from "./handlers/expiry.ts";
import { shun } from "./tables/pull.ts";
import { createSuspicions, raise } from "./tables/suspicion.ts";
import { createWorld, type TestNode, type World } from "./testing.ts";
import { numberedPkiId, testIdentity } from "./testing-identities.ts";
import { aliveOf, digest, identityItemOf, unsigned, update } from "./testing-messages.ts";
import type { Identity } from "./types/host.ts";

const friend = testIdentity("A", "friend");

function setUp(): { world: World; node: TestNode } {
  const world = createWorld(1);
  const node = world.add("n");
  world.meet(node, friend);
  receive(world, node, aliveOf(friend, { endpoint: "friend:1" }));
  return { world, node };
}

function receive(world: World, node: TestNode, bytes: Uint8Array): void {
  world.give(node, { type: "message", from: friend.pkiId, bytes });
}

/** The friend lists them as dead; they were never seen here. */
function listDead(world: World, node: TestNode, members: readonly Identity[]): void {
  const dead = members.map((one) => aliveOf(one, { identity: true, endpoint: `${one.subject}:1` }));
  receive(world, node, unsigned({ type: "membership-response", value: { alive: [], dead } }));
  world.run(500);
}

function requestsTo(node: TestNode, { pkiId }: Identity): number {
  const { sent } = node;
  const isRequest = ({ to, message }: (typeof sent)[number]) =>
    to === pkiId && message.content?.type === "membership-request";
  return sent.filter(isRequest).length;
}

describe("no more than needed", () => {
  test("of many dead members, fifty are dialled in one check, and the others in the next ones", () => {
    const { world, node } = setUp();
    listDead(
      world,
      node,
      Array.from({ length: 120 }, (_, i) => testIdentity("A", `m${i}`)),
    );
    const { members } = node.core;
    for (const member of members.table.values()) {
      members.table.set(member.pkiId, { ...member, reconnectAtMs: 0 });
    }
    const pings = () =>
      checkExpiry({ ...node.core, now: world.now() }).flatMap((effect) =>
        effect.type === "ping" ? [effect.pkiId] : [],
      );
    const rounds = [pings(), pings(), pings(), pings()];
    assert.deepEqual(
      rounds.map(({ length }) => length),
      [50, 50, 20, 0],
    );
    assert.equal(new Set(rounds.flat()).size, 120);
  });

  test("an item that was asked for is taken once, however often an update holds it", () => {
    const { world, node } = setUp();
    const [wanted, other] = [testIdentity("A", "wanted"), testIdentity("A", "other")];
    const nonceOf = (): bigint | undefined => {
      const content = node.sent.findLast(({ message }) => message.content?.type === "hello")
        ?.message.content;
      return content?.type === "hello" ? content.value.nonce : undefined;
    };
    world.runUntil(() => nonceOf() !== undefined, 10_000);
    const nonce = nonceOf() ?? 0n;
    receive(world, node, digest(nonce, [wanted, other]));
    const { checks } = node.crypto;
    node.drops.length = 0;
    const item = identityItemOf(wanted);
    receive(world, node, update(nonce, [item, item, item]));
    assert.deepEqual(node.drops, ["pull-unsolicited", "pull-unsolicited"]);
    receive(world, node, update(nonce, [item]));
    assert.equal(node.drops.length, 3);
    assert.equal(node.crypto.checks, checks + 1);
    assert.ok(node.core.pull.round, "another item is awaited");
    receive(world, node, update(nonce, [identityItemOf(other)]));
    assert.equal(node.core.pull.round, undefined, "the round ends with its last item");
  });

  test("rounds of pulling out of turn begin 200 ms apart, however soon the last one was over", () => {
    const { world, node } = setUp();
    const hellos = (): bigint[] =>
      node.sent.flatMap(({ message: { content } }) =>
        content?.type === "hello" ? [content.value.nonce] : [],
      );
    world.runUntil(() => hellos().length > 0, 10_000);
    for (const nonce of hellos()) receive(world, node, digest(nonce, []));
    const mention = (name: string): void => {
      node.sent.length = 0;
      receive(world, node, aliveOf(testIdentity("A", name), { endpoint: `${name}:1` }));
    };
    mention("unknown");
    const [nonce] = hellos();
    receive(world, node, digest(nonce ?? 0n, []));
    assert.equal(node.core.pull.round, undefined, "the round is over: nothing is there to ask for");
    mention("another");
    world.run(199);
    assert.deepEqual(hellos(), []);
    world.run(1);
    assert.equal(hellos().length, 1);
  });

  test("a list that is one heartbeat ahead of gossip is no reason to ask others sooner", () => {
    const { world, node } = setUp();
    const other = testIdentity("A", "other");
    world.meet(node, other);
    receive(world, node, aliveOf(other, { endpoint: "other:1", seqNum: 1n }));
    const { syncBackoff } = node.core;
    const roundsAfter = (seqNum: bigint): number => {
      syncBackoff.idleRounds = 3;
      const alive = [aliveOf(other, { endpoint: "other:1", seqNum })];
      receive(world, node, unsigned({ type: "membership-response", value: { alive, dead: [] } }));
      world.run(5);
      assert.equal(node.core.members.table.get(other.pkiId)?.time.seqNum, seqNum);
      return syncBackoff.idleRounds;
    };
    assert.deepEqual([roundsAfter(2n), roundsAfter(4n)], [3, 0]);
  });

  test("a dead member that connects again and again is asked once whether it lives", () => {
    const { world, node } = setUp();
    const dead = testIdentity("A", "dead");
    listDead(world, node, [dead]);
    const before = requestsTo(node, dead);
    for (let i = 0; i < 5; i++) {
      world.give(node, { type: "connected", identity: dead });
      world.run(50);
    }
    assert.equal(requestsTo(node, dead), before + 1);
  });

  test("of many doubts a thousand are kept, and each waits for what may settle it", () => {
    const { world, node } = setUp();
    const [known] = node.core.members.table.values();
    assert.ok(known);
    const suspicions = createSuspicions();
    const now = world.now();
    const raiseAll = (count: number, lot: (limit: number) => number): void => {
      const options = { random: { below: lot, uint64: () => 0n } };
      for (let i = 0; i < count; i++) {
        const { pkiId } = testIdentity("A", `m${i}`);
        raise(
          { suspicions, options, now },
          { ...known, pkiId },
          { type: "told", time: known.time },
        );
      }
    };
    raiseAll(1, (limit) => limit - 1);
    const [first] = suspicions.open.values();
    assert.equal((first?.atMs ?? 0) - now.elapsedMs, 499);
    suspicions.open.clear();
    raiseAll(1_100, () => 0);
    const [earliest] = suspicions.open.values();
    assert.equal((earliest?.atMs ?? 0) - now.elapsedMs, 200);
    assert.equal(suspicions.open.size, 1_000);
  });

  test("what is remembered of bad items has its bound", () => {
    const { world, node } = setUp();
    const { pull } = node.core;
    const items = Array.from({ length: 10_050 }, (_, i) => numberedPkiId(i));
    for (const id of items) shun(pull, id, world.now());
    assert.equal(pull.shunned.size, 10_000);
    assert.deepEqual(
      [items[0], items.at(-1)].map((id = friend.pkiId) => pull.shunned.has(id)),
      [false, true],
    );
  });
});
