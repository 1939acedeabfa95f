/** A revocation list in a configuration block works on live connections, by the block alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createViolations } from "../checkers/checker.ts";
import { RevokedOnChannelsChecker } from "../checkers/revoked-on-channels.ts";
import type { SimulatedMember } from "../member.ts";
import { World } from "../world.ts";
import type { FollowedPlan } from "./channel-plan.ts";

const FED = { role: "listed", blocks: "verify", isFed: true } as const;
const WATCHES = { role: "observer", blocks: "none", isFed: false } as const;
const KEEPS = { role: "listed", blocks: "keep", isFed: false } as const;
/** When the block is ordered, and within what time of StateInfo rounds everybody acts on it. */
const [REVOKED_MS, ACTS_MS] = [30_000, 10_000];

test("identities are judged again, StateInfo is dropped, connections are closed", async () => {
  const change = { atMs: REVOKED_MS, removed: undefined, revoked: "out" };
  const plan = {
    ...{ name: "ch1", mspIds: ["A", "B"], blocksPerMinute: 1, changes: [change], forks: false },
  };
  const world = new World({
    ...{ seed: 1, strategy: "neighbours", delayMs: 1, jitterMs: 0, channels: [plan] },
  });
  const add = (
    name: string,
    mspId: string,
    habit: Omit<FollowedPlan, "name" | "hasConfigBlock">,
  ): SimulatedMember =>
    world.add({
      ...{ name, mspId, internalEndpoint: `${name}:1`, externalEndpoint: `${name}.com:1` },
      ...{ bootstrap: mspId === "A" ? ["first:1"] : [], anchorPeers: ["first.com:1"] },
      ...{ readMs: 0, windowBytes: 65_536, duplicates: 0, signsAfresh: false },
      channels: [{ name: "ch1", hasConfigBlock: true, ...habit }],
    });
  const first = add("first", "A", FED);
  const [out, other, abroad] = [
    add("out", "A", KEEPS),
    add("o", "A", WATCHES),
    add("b", "B", KEEPS),
  ];
  const { pkiId } = out.issued.identity;
  const judges = [first, other, abroad];
  const closed = new Set<number>();
  world.watch({
    event: ({ member }, event) => {
      if (event.type === "connection-closed" && event.pkiId === pkiId) closed.add(member.index);
    },
  });
  world.channels.start();
  for (const member of world.members) await world.start(member);
  await world.run(REVOKED_MS - 1_000);
  const seen = ({ life }: SimulatedMember) => {
    const { node } = life ?? assert.fail();
    const [channel] = node.channels();
    const isOf = (one: { readonly pkiId: string | null }): boolean => one.pkiId === pkiId;
    return {
      row: channel?.members.some(isOf),
      member: node.members().some(isOf),
      identity: node.identities().some(isOf),
      connection: node.connections().some(isOf),
    };
  };
  const linked = judges.filter((one) => seen(one).connection);
  assert.ok(linked.length > 0);
  for (const one of judges) assert.partialDeepStrictEqual(seen(one), { row: true, member: true });
  await world.run(1_000 + ACTS_MS);
  for (const one of judges) {
    const none = { row: false, member: false, identity: false, connection: false };
    assert.deepEqual(seen(one), none, one.name);
  }
  for (const one of linked) assert.ok(closed.has(one.index), one.name);
  // The others are as they were, and it does not come back.
  await world.run(60_000);
  for (const one of judges) {
    const { node } = one.life ?? assert.fail();
    const alive = node.members().filter(({ status, self }) => status === "alive" && !self);
    assert.equal(alive.length, judges.length - 1, one.name);
    assert.equal(
      node.connections().some((link) => link.pkiId === pkiId),
      false,
    );
  }
});

test("what remains of a revoked member is reported, after a moment", async () => {
  const plan = { name: "ch1", mspIds: ["A"], blocksPerMinute: 1, changes: [], forks: false };
  const world = new World({
    ...{ seed: 1, strategy: "neighbours", delayMs: 1, jitterMs: 0, channels: [plan] },
  });
  const seat = {
    ...{ mspId: "A", bootstrap: [], anchorPeers: [], readMs: 0, windowBytes: 65_536 },
    ...{ duplicates: 0, signsAfresh: false },
    channels: [{ name: "ch1", hasConfigBlock: true, ...FED }],
  };
  const [a, b] = ["a", "b"].map((name) =>
    world.add({ ...seat, name, internalEndpoint: `${name}:1`, externalEndpoint: `${name}.com:1` }),
  );
  assert.ok(a && b);
  world.channels.start();
  await world.start(a);
  const life = a.life ?? assert.fail();
  const { report, sentences } = createViolations();
  const checker = new RevokedOnChannelsChecker(world, report);
  const { pkiId } = b.issued.identity;
  const row = [{ pkiId }];
  const look = (configSequence: bigint, nowMs: number, has: object = {}): void => {
    const nothing = { members: [], identities: [], connections: [] };
    const channels = [{ name: "ch1", configSequence, members: [] }];
    checker.snapshot(life, { channels, ...nothing, ...has } as never, nowMs);
  };
  world.channels.revoked.set(pkiId, { channel: "ch1", sequence: 2n });
  for (const nowMs of [0, 5_000]) look(1n, nowMs, { connections: row });
  look(2n, 10_000, { connections: row });
  look(2n, 11_000, { connections: row });
  look(2n, 11_500);
  assert.deepEqual(sentences, []);
  const channels = [{ name: "ch1", configSequence: 3n, members: row }];
  const rest = { connections: row, identities: row, members: row, channels };
  for (const nowMs of [20_000, 22_000, 24_000]) look(3n, nowMs, rest);
  assert.deepEqual(
    sentences.map((one) => /keeps (.*?) b,/.exec(one)?.[1]),
    ["a connection to", "the identity of", "the membership of", "the height on ch1 of"],
  );
});
