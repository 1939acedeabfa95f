/** Proves that every checker can fail: each one sees a violation of its rule. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DeathReason } from "../../src/core/types/event.ts";
import { createCounters, NO_TRAFFIC } from "../../src/observe/counters.ts";
import { createEventCounter } from "../../src/observe/event-counts.ts";
import type { Member as MemberView } from "../../src/observe/views.ts";
import { fromHex } from "../../src/wire/bytes.ts";
import { encode } from "../../src/wire/encode.ts";
import { encodeEnvelope, encodeMessage, encodeUnsigned } from "../../src/wire/envelope.ts";
import { PULL_TYPE, SECRET, TAG } from "../../src/wire/messages.ts";
import { EPOCH_MS } from "../epoch.ts";
import type { SimulatedFault } from "../fault.ts";
import type { Habit } from "../habits.ts";
import type { Life, SimulatedMember } from "../member.ts";
import { World } from "../world.ts";
import { checkBounds } from "./bounds.ts";
import { type Checker, createViolations, type Report, type Snapshot } from "./checker.ts";
import { checkDeaths } from "./deaths.ts";
import { DisclosureChecker } from "./disclosure.ts";
import { checkEventOrder } from "./event-order.ts";
import { NewerWinsChecker } from "./newer-wins.ts";
import { checkOneCertificate } from "./one-certificate.ts";
import { checkRevivals } from "./revivals.ts";
import { checkStorms } from "./storms.ts";
import { IdentityChecker } from "./valid-identities.ts";

interface Stage {
  readonly world: World;
  readonly a: SimulatedMember;
  readonly b: SimulatedMember;
  readonly foreign: SimulatedMember;
  readonly third: SimulatedMember;
  readonly hidden: SimulatedMember;
  /** The life of `a`. */
  readonly life: Life;
  readonly sentences: readonly string[];
  readonly checker: Checker;
}

/** Three organisations. Only `a` runs, and only what a test triggers happens. */
async function stage(make: (world: World, report: Report) => Checker): Promise<Stage> {
  const world = new World({ seed: 1, strategy: "neighbours", delayMs: 1, jitterMs: 0 });
  const add = (name: string, mspId: string, isKnown = true): SimulatedMember =>
    world.add({
      name,
      mspId,
      internalEndpoint: `${name}:1`,
      externalEndpoint: isKnown ? `${name}.example.com:1` : "",
      bootstrap: [],
      anchorPeers: [],
      readMs: 0,
      windowBytes: 65_536,
      duplicates: 0,
      signsAfresh: false,
    });
  const [a, b, foreign, third] = [add("a", "A"), add("b", "A"), add("f", "F"), add("t", "T")];
  const hidden = add("h", "A", false);
  await world.start(a);
  const { life } = a;
  assert.ok(life);
  const { report, sentences } = createViolations();
  return { world, a, b, foreign, third, hidden, life, sentences, checker: make(world, report) };
}

function viewOf(member: SimulatedMember, changes: Partial<MemberView> = {}): MemberView {
  return {
    pkiId: member.issued.identity.pkiId,
    mspId: member.mspId,
    endpoint: member.externalEndpoint,
    internalEndpoint: null,
    metadata: new Uint8Array(0),
    tags: {},
    status: "alive",
    incarnation: 5n,
    sequence: 5n,
    lastSeen: new Date(0),
    since: new Date(0),
    identityExpires: null,
    self: false,
    ...changes,
  };
}

const HEADER = { id: 1, time: new Date(0) };
const EMPTY: Snapshot = {
  members: [],
  identities: [],
  connections: [],
  counts: {
    dropped: {},
    handshakesFailed: {},
    events: createEventCounter().counts,
    topics: createCounters().topics,
    overflows: 0,
    signatures: 0,
    reloadProblems: 0,
    identitiesOffered: 0,
    traffic: NO_TRAFFIC,
    meters: undefined,
  },
};

function tell(
  stage: Stage,
  type: "member-joined" | "member-updated" | "member-returned",
  member: MemberView,
  atMs = 0,
) {
  stage.checker.watcher?.event?.(stage.life, { ...HEADER, type, member }, atMs);
}

function die(stage: Stage, member: MemberView, atMs = 0, reason: DeathReason = "silent") {
  const event = { ...HEADER, type: "member-dead", member, reason } as const;
  stage.checker.watcher?.event?.(stage.life, event, atMs);
}

function send(
  { checker }: Stage,
  from: SimulatedMember,
  to: SimulatedMember,
  bytes: Uint8Array,
  atMs = 0,
) {
  checker.watcher?.delivered?.(from, to, bytes, atMs);
}

function aliveOf(
  author: SimulatedMember,
  options: { secret?: boolean; sequence?: bigint } = {},
): Uint8Array {
  const { sequence = 1n, secret = false } = options;
  const payload = encodeMessage({
    tag: TAG.empty,
    content: {
      type: "alive",
      value: {
        membership: {
          endpoint: author.externalEndpoint,
          pkiId: fromHex(author.issued.identity.pkiId),
        },
        timestamp: { incNum: 5n, seqNum: sequence },
      },
    },
  });
  const hint = encode(SECRET, { internalEndpoint: author.internalEndpoint });
  const secretEnvelope = { payload: hint, signature: author.issued.sign(hint, 2) };
  return encodeEnvelope({
    payload,
    signature: author.issued.sign(payload, 1),
    ...(secret ? { secret: secretEnvelope } : {}),
  }).bytes;
}

function responseOf(alive: readonly Uint8Array[], dead: readonly Uint8Array[] = []): Uint8Array {
  return encodeUnsigned({
    tag: TAG.empty,
    content: { type: "membership-response", value: { alive: [...alive], dead: [...dead] } },
  });
}

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
    set.checker.snapshot?.(set.life, { ...EMPTY, members: more, counts }, 0);
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

describe("the checker of storms", () => {
  test("reports two members that connect again and again", async () => {
    const set = await stage(checkStorms);
    const { pkiId, mspId } = set.b.issued.identity;
    const event = { ...HEADER, type: "connection-opened", pkiId, mspId } as const;
    const connect = (atMs: number): void =>
      set.checker.watcher?.event?.(set.life, { ...event, outbound: true, remote: "" }, atMs);
    for (let i = 0; i < 200; i++) connect(i * 2_000);
    assert.deepEqual(set.sentences, []);
    for (let i = 0; i < 200; i++) connect(1e6 + i * 250);
    assert.match(set.sentences.join(), /120 times within a minute/);
  });
});

describe("the checker of deaths", () => {
  const cut = { type: "cut", fromMs: 0, untilMs: 5_000, isMutual: false } as const;
  const faults: readonly (readonly [string, SimulatedFault | undefined, boolean])[] = [
    ["nothing was wrong", undefined, false],
    ["the dead had crashed", crash(1, 0), true],
    ["the observer had stood still", { type: "stall", fromMs: 0, untilMs: 5_000, member: 0 }, true],
    ["somebody else had crashed", crash(2, 0), false],
    ["it had crashed long before", crash(1, -100_000), false],
    ["it crashed only afterwards", crash(1, 31_000), false],
    ["the two were cut off", { ...cut, from: [0], to: [1] }, true],
    ["others were cut off", { ...cut, from: [0], to: [2] }, false],
    ["the links broke", { type: "break", fromMs: 20_000, untilMs: 20_000, member: 1 }, false],
    ["a clock was wrong", { type: "skew", fromMs: 0, untilMs: 9, member: 1, skewMs: 5 }, false],
    ["a hostile member was about", hostile("dead"), false],
    ["few packets were lost", { type: "loss", fromMs: 0, untilMs: 9e9, probability: 0.05 }, false],
    ["many packets were lost", { type: "loss", fromMs: 0, untilMs: 9e9, probability: 0.4 }, true],
  ];
  for (const [what, fault, isExplained] of faults) {
    test(`${isExplained ? "accepts" : "reports"} a death when ${what}`, async () => {
      const all = fault === undefined ? [] : [fault];
      const set = await stage((world, report) => checkDeaths(world, report, all, 5));
      die(set, viewOf(set.b, { status: "dead" }), 30_000);
      assert.equal(set.sentences.length, isExplained ? 0 : 1);
    });
  }
});

describe("the checker of deaths that last", () => {
  async function shown(
    fault: SimulatedFault | undefined,
    atMs: number,
  ): Promise<readonly string[]> {
    const all = fault === undefined ? [] : [fault];
    const set = await stage((world, report) => checkDeaths(world, report, all, 5));
    await set.world.start(set.b);
    const members = [viewOf(set.b, { status: "dead" })];
    set.checker.snapshot?.(set.life, { ...EMPTY, members }, atMs);
    return set.sentences;
  }

  test("reports a member that lives and stays dead, hostile members or not", async () => {
    assert.match((await shown(undefined, 66_000)).join(), /goes on calling b/);
    assert.equal((await shown(hostile("dead"), 66_000)).length, 1);
    assert.equal((await shown(crash(1, 0), 67_000)).length, 1);
  });

  test("gives time to find it again", async () => {
    assert.deepEqual(await shown(undefined, 64_000), []);
    assert.deepEqual(await shown(crash(1, 5_000), 66_000), []);
    assert.deepEqual(await shown(hostile("dead"), 64_000), []);
  });
});

describe("the checker of revivals", () => {
  async function stageOf(...faults: readonly SimulatedFault[]): Promise<Stage> {
    const set = await stage((world, report) => checkRevivals(world, report, faults));
    await set.world.start(set.b);
    set.checker.watcher?.ended?.(set.b, 5_000);
    die(set, viewOf(set.b), 5_100, "unreachable");
    return set;
  }
  const look = (set: Stage, atMs: number): void =>
    set.checker.snapshot?.(set.life, { ...EMPTY, members: [viewOf(set.b)] }, atMs);

  test("reports whoever is shown alive again and has not come back", async () => {
    for (const fault of [undefined, hostile("dead"), hostile("alive")]) {
      const set = await stageOf(...(fault ? [fault] : []));
      tell(set, "member-returned", viewOf(set.b), 7_000);
      look(set, 9_900);
      assert.deepEqual(set.sentences, []);
      look(set, 10_100);
      assert.match(set.sentences.join(), /shows b .* alive/);
    }
  });

  test("reports it when it is called dead again only then", async () => {
    const set = await stageOf();
    tell(set, "member-returned", viewOf(set.b), 7_000);
    die(set, viewOf(set.b), 32_000);
    assert.equal(set.sentences.length, 1);
  });

  test("is content when it was asked again, has come back, or could be heard of late", async () => {
    const asked = await stageOf();
    tell(asked, "member-returned", viewOf(asked.b), 7_000);
    die(asked, viewOf(asked.b), 7_500, "unreachable");
    look(asked, 20_000);
    const back = await stageOf();
    assert.ok(back.b.life);
    back.checker.watcher?.began?.(back.b.life);
    tell(back, "member-returned", viewOf(back.b), 7_000);
    look(back, 20_000);
    const late = await stageOf(hostile("gossip"));
    tell(late, "member-returned", viewOf(late.b), 7_000);
    look(late, 20_000);
    assert.deepEqual([asked.sentences, back.sentences, late.sentences], [[], [], []]);
  });
});

function hostile(habit: Habit): SimulatedFault {
  return { type: "hostile", fromMs: 0, untilMs: 9e9, member: 3, habit };
}

function crash(member: number, fromMs: number): SimulatedFault {
  const untilMs = fromMs + 1_000;
  return { type: "crash", fromMs, untilMs, member, isPowerCut: false, remembersIncarnation: true };
}
