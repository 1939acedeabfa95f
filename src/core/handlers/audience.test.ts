/** Who gets what, by which way, and how often, with either strategy (spec B 2.4, 4.2, 10.6). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { toHex } from "../../wire/bytes.ts";
import { preferredEndpoint } from "../tables/members.ts";
import { createWorld, type TestNode, viewOf, type World } from "../testing.ts";
import type { PkiId } from "../types/host.ts";
import { DEFAULT_FANOUT, DEFAULT_TIMING, type Fanout, type Timing } from "../types/options.ts";
import { allNeighbours, chooseAudience, choosePartners } from "./audience.ts";

interface Network {
  readonly world: World;
  readonly nodes: readonly TestNode[];
}

/** So long a member is new, and a little longer. */
const START_MS = DEFAULT_TIMING.publishCertPeriodMs + 3_000;

/** So many members of each organisation; all know all, and the start is over. */
function network(
  sizes: Readonly<Record<string, number>>,
  fanout: Partial<Fanout> = {},
  timing: Timing = DEFAULT_TIMING,
): Network {
  const world = createWorld(5);
  const trusts = Object.keys(sizes);
  const nodes: TestNode[] = [];
  for (const [mspId, size] of Object.entries(sizes)) {
    for (let i = 0; i < size; i++) {
      const options = {
        mspId,
        trusts,
        anchorPeers: nodes.length > 0 ? ["A0:7051"] : [],
        bootstrap: i > 0 ? [`${mspId}0:7051`] : [],
        fanout: { ...DEFAULT_FANOUT, ...fanout },
        timing,
      };
      nodes.push(world.add(`${mspId}${i}`, options));
    }
  }
  world.run(START_MS);
  for (const node of nodes) node.sent.length = 0;
  return { world, nodes };
}

interface Copy {
  /** PKI-ID of the author, and the sequence. */
  readonly author: string;
  readonly beat: string;
  readonly from: PkiId;
  readonly to: PkiId;
  readonly atMs: number;
}

/** Every alive message sent since. */
function alives(nodes: readonly TestNode[]): readonly Copy[] {
  return nodes.flatMap(({ sent, identity: { pkiId: from } }) =>
    sent.flatMap(({ to, message: { content }, atMs }) => {
      if (content?.type !== "alive") return [];
      const { membership, timestamp } = content.value;
      const author = toHex(membership?.pkiId ?? new Uint8Array());
      return [{ author, beat: `${author} ${timestamp?.seqNum}`, from, to, atMs }];
    }),
  );
}

/** Copies of alive messages sent since, by author, sequence and receiver. */
function copies(nodes: readonly TestNode[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { beat, to } of alives(nodes)) {
    counts.set(`${beat} ${to}`, (counts.get(`${beat} ${to}`) ?? 0) + 1);
  }
  return counts;
}

/** In so long a routine heartbeat is everywhere: it waits an eighth of a second at each. */
const ROUND_MS = 4_000;

/** How many members got each heartbeat that its author sent since, and long enough ago. */
function coverage({ nodes, world }: Network): number[] {
  const lastMs = world.now().elapsedMs - ROUND_MS;
  const sent = alives(nodes);
  const own = sent.filter(({ author, from, atMs }) => author === from && atMs <= lastMs);
  const reached = new Map(own.map(({ beat }) => [beat, new Set<PkiId>()]));
  for (const { beat, to } of sent) reached.get(beat)?.add(to);
  return [...reached.values()].map(({ size }) => size);
}

function sum(counts: Iterable<number>): number {
  return [...counts].reduce((a, b) => a + b, 0);
}

describe("our neighbours", () => {
  test("every heartbeat reaches every member, in fewer copies than with Fabric's strategy", () => {
    const totals: Record<string, number> = {};
    for (const strategy of ["neighbours", "random"] as const) {
      const net = network({ A: 18 }, { strategy });
      net.world.run(12_000);
      totals[strategy] = sum(copies(net.nodes).values());
      const reached = coverage(net);
      const isComplete = reached.every((members) => members === 17);
      assert.equal(isComplete, strategy === "neighbours");
    }
    const { neighbours = 0, random = 0 } = totals;
    assert.ok(neighbours <= random, `${neighbours} copies against ${random}`);
  });

  test("two organisations: every heartbeat reaches every member of both", () => {
    const net = network({ A: 12, B: 5 });
    net.world.run(20_000);
    assert.deepEqual([...new Set(coverage(net))], [16]);
  });

  test("a renewed order leaves no gap", () => {
    const { world, nodes } = network({ A: 12 });
    const neighbours = () =>
      allNeighbours({ ...first(nodes).core, now: world.now() }).map(({ pkiId }) => pkiId);
    const halfMs = DEFAULT_TIMING.neighbourRefreshMs / 2;
    // To half a minute before one ring gets its new order.
    world.setBackMs -= halfMs - (world.now().wallMs % halfMs) - 30_000;
    world.run(20_000);
    for (const node of nodes) node.sent.length = 0;
    const before = neighbours();
    world.run(30_000);
    assert.notDeepEqual(neighbours(), before);
    assert.deepEqual([...new Set(coverage({ world, nodes }))], [11]);
  });

  test("a neighbour that we cannot reach is none: another takes its place", () => {
    const { world, nodes } = network({ A: 12 });
    const node = first(nodes);
    const [lost] = allNeighbours({ ...node.core, now: world.now() });
    const other = nodes.find(({ identity }) => identity.pkiId === lost?.pkiId);
    assert.ok(other);
    world.cut([node], [other]);
    node.connected.delete(other.identity.pkiId);
    world.give(node, { type: "connection-lost", pkiId: other.identity.pkiId });
    world.run(60_000);
    const now = allNeighbours({ ...node.core, now: world.now() }).map(({ pkiId }) => pkiId);
    assert.ok(!now.includes(other.identity.pkiId));
    assert.ok(now.length >= 3);
    assert.equal(viewOf(world, node).split(" ").length, 11, "it is seen through others");
  });
});

describe("a member that draws peers for each message, as Fabric's do", () => {
  /** How many of so many messages go to a member that is no neighbour. */
  function drawn({ world, nodes }: Network, times: number): { count: number; stranger: TestNode } {
    const node = first(nodes);
    const neighbours = new Set(
      allNeighbours({ ...node.core, now: world.now() }).map(({ pkiId }) => pkiId),
    );
    const stranger = nodes.find(
      ({ identity }) => identity.pkiId !== node.identity.pkiId && !neighbours.has(identity.pkiId),
    );
    assert.ok(stranger);
    const own = node.core.self.alive?.envelope.bytes;
    assert.ok(own);
    world.give(node, { type: "message", from: stranger.identity.pkiId, bytes: own });
    let count = 0;
    for (let i = 0; i < times; i++) {
      const { members } = chooseAudience(
        { ...node.core, now: world.now() },
        { type: "organisation" },
      );
      const isDrawn = [...members].some(({ pkiId }) => pkiId === stranger.identity.pkiId);
      if (isDrawn) count += 1;
    }
    return { count, stranger };
  }

  test("is known by passing our own message to us, and is drawn by us as often", () => {
    // Three of the twelve others are drawn by each of its kind.
    const { count } = drawn(network({ A: 13 }), 1_000);
    assert.ok(count > 180 && count < 320, String(count));
  });

  test("is drawn no more when it is gone", () => {
    const net = network({ A: 13 }, {}, { ...DEFAULT_TIMING, forgetAfterMs: 50_000 });
    const { stranger } = drawn(net, 1);
    net.world.kill(stranger);
    const { core } = first(net.nodes);
    const isForgotten = () => !core.members.table.has(stranger.identity.pkiId);
    assert.notEqual(net.world.runUntil(isForgotten, 150_000), undefined);
    for (let i = 0; i < 100; i++) {
      const { members } = chooseAudience(
        { ...core, now: net.world.now() },
        { type: "organisation" },
      );
      assert.ok([...members].every(({ pkiId }) => pkiId !== stranger.identity.pkiId));
    }
    assert.equal(core.randomRelays.size, 0);
  });
});

describe("whom we ask", () => {
  test("neighbours, and now and then somebody else", () => {
    const { world, nodes } = network({ A: 25 });
    const node = first(nodes);
    const neighbours = new Set(
      allNeighbours({ ...node.core, now: world.now() }).map(({ pkiId }) => pkiId),
    );
    let strangers = 0;
    for (let times = 0; times < 300; times++) {
      const partners = choosePartners({ ...node.core, now: world.now() }, 3);
      assert.equal(new Set(partners).size, 3);
      if (partners.some(({ pkiId }) => !neighbours.has(pkiId))) strangers += 1;
    }
    assert.ok(strangers >= 5 && strangers <= 60, String(strangers));
  });

  test("if only one is asked, any of them in time, and others", () => {
    const { world, nodes } = network({ A: 25 });
    const { core } = first(nodes);
    const asked = new Set<PkiId>();
    for (let times = 0; times < 100; times++) {
      const partners = choosePartners({ ...core, now: world.now() }, 1);
      assert.equal(partners.length, 1);
      for (const { pkiId } of partners) asked.add(pkiId);
    }
    const neighbours = allNeighbours({ ...core, now: world.now() });
    assert.ok(neighbours.every(({ pkiId }) => asked.has(pkiId)));
    assert.ok(asked.size > neighbours.length);
  });

  test("with Fabric's strategy anybody", () => {
    const { world, nodes } = network({ A: 13 }, { strategy: "random" });
    const asked = new Set<PkiId>();
    for (let times = 0; times < 100; times++) {
      const { core } = first(nodes);
      for (const { pkiId } of choosePartners({ ...core, now: world.now() }, 3)) asked.add(pkiId);
    }
    assert.equal(asked.size, 12);
  });
});

describe("three organisations of four, of each one without an external endpoint", () => {
  for (const strategy of ["neighbours", "random"] as const) {
    test(`${strategy}: who sees whom, and with which endpoint`, () => {
      const world = createWorld(5);
      const nodes = ["A", "B", "C"].flatMap((mspId) => addFour(world, mspId, strategy));
      world.run(60_000);
      for (const node of nodes) {
        const seen = [...node.core.members.table.values()].map(
          (member) => `${member.status} ${preferredEndpoint(member)} ${member.internalEndpoint}`,
        );
        const expected = nodes.flatMap((other) => expectedView(node, other));
        assert.deepEqual(seen.toSorted(), expected.toSorted(), node.name);
      }
    });
  }
});

function addFour(world: World, mspId: string, strategy: Fanout["strategy"]): TestNode[] {
  return [0, 1, 2, 3].map((i) =>
    world.add(`${mspId}${i}`, {
      mspId,
      trusts: ["A", "B", "C"],
      anchorPeers: ["A0.public:7051", "B0.public:7051", "C0.public:7051"],
      bootstrap: i > 0 ? [`${mspId}0:7051`] : [],
      externalEndpoint: isExternal(`${mspId}${i}`) ? `${mspId}${i}.public:7051` : "",
      fanout: { ...DEFAULT_FANOUT, strategy },
    }),
  );
}

function isExternal(name: string): boolean {
  return !name.endsWith("3");
}

function expectedView(node: TestNode, other: TestNode): string[] {
  if (node === other) return [];
  if (node.identity.mspId === other.identity.mspId) {
    return [`alive ${other.endpoint} ${other.endpoint}`];
  }
  const isSeen = isExternal(node.name) && isExternal(other.name);
  return isSeen ? [`alive ${other.name}.public:7051 undefined`] : [];
}

function first(nodes: readonly TestNode[]): TestNode {
  const [node] = nodes;
  assert.ok(node);
  return node;
}
