/** Proves that every checker can fail: each one sees a violation of its rule. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Member as MemberView } from "../../src/observe/views.ts";
import { fromHex } from "../../src/wire/bytes.ts";
import { encodeUnsigned } from "../../src/wire/envelope.ts";
import { PULL_TYPE, TAG } from "../../src/wire/messages.ts";
import { EPOCH_MS } from "../epoch.ts";
import type { SimulatedMember } from "../member.ts";
import type { World } from "../world.ts";
import { checkBounds } from "./bounds.ts";
import type { Report } from "./checker.ts";
import { sampleSeconds } from "./checkers.ts";
import { DisclosureChecker } from "./disclosure.ts";
import { checkEventOrder } from "./event-order.ts";
import { NewerWinsChecker } from "./newer-wins.ts";
import { checkOneCertificate } from "./one-certificate.ts";
import { checkRevivals } from "./revivals.ts";
import {
  aliveOf,
  die,
  EMPTY,
  hostile,
  responseOf,
  type Stage,
  send,
  stage,
  tell,
  viewOf,
} from "./testing.ts";
import { IdentityChecker } from "./valid-identities.ts";

describe("the checker of identities", () => {
  const make = (world: World, report: Report) => new IdentityChecker(world, report);

  test("is content with a valid member", async () => {
    const set = await stage(make);
    tell(set, "member-joined", viewOf(set.b, { internalEndpoint: "b:1" }));
    tell(set, "member-updated", viewOf(set.foreign));
    set.checker.snapshot?.(set.life, { ...EMPTY, members: [viewOf(set.b)] }, 9_000);
    assert.deepEqual(set.sentences, []);
  });

  const wrong: readonly (readonly [string, (set: Stage) => Partial<MemberView>, RegExp])[] = [
    ["nobody issued", () => ({ pkiId: "ab".repeat(32) }), /nobody issued/],
    ["is given another organisation", () => ({ mspId: "F" }), /member of F/],
    ["is said to be elsewhere", () => ({ endpoint: "evil:1" }), /"evil:1"/],
    ["has the internal endpoint of another", () => ({ internalEndpoint: "a:1" }), /"a:1"/],
  ];
  for (const [what, changes, pattern] of wrong) {
    test(`reports a member that ${what}`, async () => {
      const set = await stage(make);
      tell(set, "member-joined", viewOf(set.b, changes(set)));
      assert.match(set.sentences.join(), pattern);
    });
  }

  test("reports the internal endpoint of another organisation", async () => {
    const set = await stage(make);
    tell(set, "member-joined", viewOf(set.foreign, { internalEndpoint: "f:1" }));
    assert.match(set.sentences.join(), /"f:1"/);
  });

  test("reports a revoked member that is taken in, or kept", async () => {
    const set = await stage(make);
    set.a.revoked.set(set.b.issued.identity.pkiId, 0);
    tell(set, "member-returned", viewOf(set.b), 10);
    for (const atMs of [1_000, 6_000]) {
      set.checker.snapshot?.(set.life, { ...EMPTY, members: [viewOf(set.b)] }, atMs);
    }
    assert.equal(set.sentences.length, 2);
  });

  test("reports a member whose certificate has expired by the observer's clock", async () => {
    const set = await stage(make);
    set.b.issued = set.world.authority.issue({
      mspId: "A",
      name: "b",
      owner: set.b.index,
      notAfterMs: EPOCH_MS + 5_000,
    });
    tell(set, "member-joined", viewOf(set.b), 4_999);
    assert.deepEqual(set.sentences, []);
    tell(set, "member-joined", viewOf(set.b), 5_000);
    assert.match(set.sentences.join(), /not valid/);
  });
});

describe("the checker of newer messages", () => {
  const make = (world: World, report: Report) => new NewerWinsChecker(world, report, true);

  test("reports a view that goes back", async () => {
    const set = await stage(make);
    tell(set, "member-joined", viewOf(set.b));
    tell(set, "member-updated", viewOf(set.b, { sequence: 6n }));
    assert.deepEqual(set.sentences, []);
    tell(set, "member-updated", viewOf(set.b, { sequence: 5n }));
    assert.match(set.sentences.join(), /goes back/);
  });

  test("knows that a new incarnation beats every sequence", async () => {
    const set = await stage(make);
    tell(set, "member-joined", viewOf(set.b));
    tell(set, "member-updated", viewOf(set.b, { incarnation: 6n, sequence: 1n }));
    assert.deepEqual(set.sentences, []);
    tell(set, "member-updated", viewOf(set.b, { incarnation: 5n, sequence: 99n }));
    assert.equal(set.sentences.length, 1);
  });

  test("reports a node that was told news and keeps the old", async () => {
    const set = await stage(make);
    const members = [viewOf(set.b)];
    send(set, set.foreign, set.a, aliveOf(set.b, { sequence: 6n }));
    set.checker.snapshot?.(set.life, { ...EMPTY, members }, 1_000);
    assert.deepEqual(set.sentences, []);
    set.checker.snapshot?.(set.life, { ...EMPTY, members }, 3_000);
    assert.match(set.sentences.join(), /keeps the old/);
  });
});

describe("the checker of statuses", () => {
  test("reports whoever returns without having been dead", async () => {
    const set = await stage(checkEventOrder);
    tell(set, "member-joined", viewOf(set.b));
    die(set, viewOf(set.b));
    tell(set, "member-returned", viewOf(set.b));
    assert.deepEqual(set.sentences, []);
    tell(set, "member-returned", viewOf(set.b));
    tell(set, "member-joined", viewOf(set.b));
    assert.equal(set.sentences.length, 2);
  });
});

describe("the checker of disclosure", () => {
  const make = (world: World, report: Report) => new DisclosureChecker(world, report, 1);
  type Case = readonly [
    string,
    (set: Stage) => readonly [SimulatedMember, SimulatedMember, Uint8Array],
    RegExp | null,
  ];
  const digestOf = (...members: readonly SimulatedMember[]): Uint8Array =>
    encodeUnsigned({
      tag: TAG.empty,
      content: {
        type: "digest",
        value: {
          digests: members.map(({ issued }) => fromHex(issued.identity.pkiId)),
          msgType: PULL_TYPE.identity,
        },
      },
    });
  const cases: readonly Case[] = [
    [
      "own news to one's own, with secret",
      ({ a, b }) => [a, b, aliveOf(a, { secret: true })],
      null,
    ],
    ["own news abroad, without secret", ({ a, foreign }) => [a, foreign, aliveOf(a)], null],
    ["foreign news at home", ({ a, b, foreign }) => [a, b, aliveOf(foreign)], null],
    ["foreign news to their own", ({ a, foreign }) => [a, foreign, aliveOf(foreign)], null],
    ["a secret abroad", ({ a, foreign }) => [a, foreign, aliveOf(a, { secret: true })], /internal/],
    [
      "a foreign secret",
      ({ a, b, foreign }) => [a, b, aliveOf(foreign, { secret: true })],
      /internal/,
    ],
    ["news of a third", ({ a, foreign, third }) => [a, foreign, aliveOf(third)], /passes news/],
    ["a hidden member abroad", ({ a, foreign, hidden }) => [a, foreign, aliveOf(hidden)], /passes/],
    [
      "foreigners to a hidden member",
      ({ a, foreign, hidden }) => [a, hidden, aliveOf(foreign)],
      /passes/,
    ],
    ["a list of one's own", ({ a, b }) => [a, b, responseOf([aliveOf(a)], [aliveOf(b)])], null],
    [
      "a list with foreigners",
      ({ a, b, foreign }) => [a, b, responseOf([aliveOf(foreign)])],
      /lists f/,
    ],
    [
      "a list for a third",
      ({ a, foreign, third }) => [a, foreign, responseOf([aliveOf(third)])],
      /lists/,
    ],
    [
      "an obituary at home",
      ({ a, b, foreign }) => [a, b, responseOf([], [aliveOf(foreign)])],
      null,
    ],
    [
      "an obituary of a third",
      ({ a, foreign, third }) => [a, foreign, responseOf([], [aliveOf(third)])],
      /passes/,
    ],
    ["ids of all at home", ({ a, b, third }) => [a, b, digestOf(third, a)], null],
    [
      "ids of a third abroad",
      ({ a, foreign, third }) => [a, foreign, digestOf(a, third)],
      /offers/,
    ],
    [
      "ids of the hidden abroad",
      ({ a, foreign, hidden }) => [a, foreign, digestOf(hidden)],
      /offers/,
    ],
  ];
  for (const [what, act, pattern] of cases) {
    test(`${pattern === null ? "allows" : "reports"} ${what}`, async () => {
      const set = await stage(make);
      send(set, ...act(set));
      if (pattern === null) assert.deepEqual(set.sentences, []);
      else assert.match(set.sentences.join(), pattern);
    });
  }
});

describe("the checker of bounds", () => {
  test("reports tables that grow beyond the number of members", async () => {
    const set = await stage(checkBounds);
    const members = Array.from({ length: 5 }, () => viewOf(set.b));
    set.checker.snapshot?.(set.life, { ...EMPTY, members }, 0);
    assert.deepEqual(set.sentences, []);
    const more = [...members, viewOf(set.b)];
    const counts = { ...EMPTY.counts, identitiesOffered: 6 };
    set.checker.snapshot?.(set.life, { ...EMPTY, members: more, counts }, 15_000);
    assert.match(set.sentences.join(), /6 members.*6 identities on offer/s);
  });
});

describe("the checker of certificates", () => {
  test("reports two members, or more identities than may wait, by one certificate", async () => {
    const set = await stage((world, report) => checkOneCertificate(world.authority, report));
    const { authority } = set.world;
    const names = [0, 1, 2, 3].map((number) => authority.alias(set.b.issued, number).pkiId);
    const members = names.map((pkiId) => viewOf(set.b, { pkiId }));
    const [own] = set.life.node.identities();
    assert.ok(own);
    const identities = names.map((pkiId) => ({ ...own, pkiId }));
    const few = { ...EMPTY, members: members.slice(0, 1), identities: identities.slice(0, 3) };
    set.checker.snapshot?.(set.life, few, 0);
    assert.deepEqual(set.sentences, []);
    set.checker.snapshot?.(set.life, { ...EMPTY, members: members.slice(0, 2), identities }, 0);
    assert.match(set.sentences.join(), /2 members.*4 identities/s);
  });
});

describe("the checker of hearsay", () => {
  async function revived(hear?: (set: Stage) => void): Promise<readonly string[]> {
    const faults = [hostile("gossip")]; // It excuses nothing here.
    const set = await stage((world, report) => checkRevivals(world, report, faults));
    await set.world.start(set.b);
    await set.world.stop(set.b);
    set.checker.watcher?.ended?.(set.b, 5_000);
    die(set, viewOf(set.b), 5_100, "unreachable");
    hear?.(set);
    tell(set, "member-returned", viewOf(set.b, { sequence: 6n }), 9_000);
    return set.sentences;
  }
  const listed = ({ b }: Stage): Uint8Array => responseOf([aliveOf(b, { sequence: 6n })]);

  test("reports a revival of whom only lists have told", async () => {
    assert.match((await revived()).join(), /revives b .* only lists/);
    const told = await revived((set) => send(set, set.foreign, set.a, listed(set), 8_000));
    assert.equal(told.length, 1);
    const before = await revived((set) => send(set, set.foreign, set.a, aliveOf(set.b), 4_000));
    assert.equal(before.length, 1);
  });

  test("accepts one by lists of somebody who was started anew, for a moment", async () => {
    const set = await stage((world, report) => checkRevivals(world, report, []));
    await set.world.start(set.b);
    await set.world.stop(set.b);
    set.checker.watcher?.ended?.(set.b, 5_000);
    die(set, viewOf(set.b), 5_100, "unreachable");
    await set.world.start(set.b);
    assert.ok(set.b.life);
    set.checker.watcher?.began?.(set.b.life);
    await set.world.stop(set.b);
    set.checker.watcher?.ended?.(set.b, 8_000);
    tell(set, "member-returned", viewOf(set.b, { sequence: 6n }), 9_000);
    assert.deepEqual(set.sentences, []);
  });

  test("accepts one by gossip, whoever has kept it back, or by a request", async () => {
    const gossip = await revived((set) => send(set, set.foreign, set.a, aliveOf(set.b), 8_000));
    assert.deepEqual(gossip, []);
    const asked = await revived((set) => {
      const value = { selfInformation: aliveOf(set.b, { sequence: 6n }) };
      const request = encodeUnsigned({
        tag: TAG.empty,
        content: { type: "membership-request", value },
      });
      send(set, set.b, set.a, request, 8_000);
    });
    assert.deepEqual(asked, []);
  });
});

test("views of a run of hours are read less often than those of minutes", () => {
  assert.deepEqual(
    [0.5, 4, 180].map((minutes) => sampleSeconds(minutes * 60_000)),
    [1, 1, 5],
  );
});
