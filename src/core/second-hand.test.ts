/**
 * What is heard second-hand: true messages that somebody passes on early, late, stripped or under
 * another heading. They must neither silence who lives nor revive who is dead.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseEnvelope, withoutSecret } from "../wire/envelope.ts";
import { createWorld, type TestNode, testIdentity, type World } from "./testing.ts";
import { aliveOf, digest, identityItemOf, unsigned, update } from "./testing-messages.ts";
import type { Identity, PkiId } from "./types/host.ts";

const friend = testIdentity("A", "friend");
const victim = testIdentity("A", "victim");
const hostile = testIdentity("A", "hostile");

type Heading = "alive" | "dead";

function list(heading: Heading, ...messages: readonly Uint8Array[]): Uint8Array {
  return unsigned({ type: "membership-response", value: { [heading]: messages } });
}

function said(seqNum: bigint): Uint8Array {
  const endpoint = "victim:7051";
  return aliveOf(victim, { seqNum, endpoint, internalEndpoint: endpoint });
}

function stripped(bytes: Uint8Array): Uint8Array {
  const envelope = parseEnvelope(bytes);
  assert.ok(envelope.ok);
  return withoutSecret(envelope.value).bytes;
}

interface Scene {
  readonly world: World;
  readonly node: TestNode;
  hear(from: Identity, bytes: Uint8Array): void;
  status(): string | undefined;
}

function setUp(seed: number, isThere = true): Scene {
  const world = createWorld(seed);
  const node = world.add("n");
  for (const identity of [friend, victim, hostile]) world.meet(node, identity);
  // Somebody answers pings there, and says nothing else.
  if (isThere) world.add("victim", { identity: victim, trusts: [] });
  return {
    world,
    node,
    hear: (from, bytes) => world.give(node, { type: "message", from: from.pkiId, bytes }),
    status: () => node.core.members.table.get(victim.pkiId)?.status,
  };
}

describe("a true message that a list has told of before", () => {
  for (const heading of ["alive", "dead"] as const) {
    for (const strip of [false, true]) {
      const form = strip ? "without its secret" : "as it is";
      test(`under "${heading}", ${form}, is a sign of life when it is gossiped`, () => {
        const { world, hear, status, node } = setUp(71);
        for (let seqNum = 1n; seqNum < 20n; seqNum++) {
          const bytes = said(seqNum);
          hear(hostile, list(heading, strip ? stripped(bytes) : bytes));
          world.run(1_000);
          hear(friend, bytes);
          assert.equal(status(), "alive", `after ${seqNum}`);
          world.run(4_000);
        }
        const member = node.core.members.table.get(victim.pkiId);
        assert.equal(member?.internalEndpoint, "victim:7051");
        assert.ok(member?.alive.envelope.secret, "the secret is passed on again");
      });
    }
  }

  test("and a newer one, which was never gossiped, silences nobody either", () => {
    const { world, hear, status } = setUp(72);
    for (let n = 1n; n < 20n; n++) {
      // Members sign such ones for each request of theirs.
      hear(hostile, list("dead", said(10n * n + 5n)));
      hear(friend, said(10n * n));
      world.run(5_000);
      assert.equal(status(), "alive", `after ${n}`);
    }
  });

  test("is heard when its author brings it in a request", () => {
    const { world, hear, status } = setUp(73);
    for (let n = 1n; n < 20n; n++) {
      hear(hostile, list("dead", said(n)));
      hear(victim, unsigned({ type: "membership-request", value: { selfInformation: said(n) } }));
      world.run(5_000);
      assert.equal(status(), "alive", `after ${n}`);
    }
  });

  test("does not take the place of what was gossiped while the author is unknown", () => {
    const { world, node, hear } = setUp(74);
    const stranger = testIdentity("A", "stranger");
    const by = (seqNum: bigint): Uint8Array =>
      aliveOf(stranger, { seqNum, endpoint: "stranger:1" });
    hear(friend, by(1n));
    hear(hostile, list("dead", by(2n)));
    world.meet(node, stranger);
    world.run(1);
    assert.equal(node.core.members.table.get(stranger.pkiId)?.status, "alive");
  });
});

describe("a member whose death a ping has confirmed", () => {
  function killed(seed: number): Scene {
    const scene = setUp(seed, false);
    const { world, node, hear, status } = scene;
    hear(victim, said(10n));
    world.run(1_000);
    node.connected.delete(victim.pkiId);
    world.give(node, { type: "connection-lost", pkiId: victim.pkiId });
    world.run(200);
    assert.equal(status(), "dead");
    return scene;
  }

  test("is not revived by the list of somebody who has not noticed; it is asked again", () => {
    const { world, node, hear, status } = killed(75);
    hear(friend, list("alive", said(11n)));
    world.run(20_000);
    assert.equal(status(), "dead");
    assert.deepEqual(
      node.events.filter(({ type }) => type === "member-returned"),
      [],
    );
  });

  test("is not revived by a heartbeat that was on its way, whoever kept it back", () => {
    const { world, hear, status } = killed(76);
    hear(friend, said(11n));
    assert.equal(status(), "dead");
    world.run(60_000);
    hear(hostile, said(11n));
    hear(hostile, said(9n));
    assert.equal(status(), "dead");
  });

  test("is back at once when it speaks itself, and when it is gossiped about later", () => {
    const first = killed(77);
    first.hear(victim, said(11n));
    assert.equal(first.status(), "alive");
    const second = killed(78);
    second.world.run(6_000);
    second.hear(friend, said(11n));
    assert.equal(second.status(), "alive");
  });

  test("is asked for a sign of life as soon as it connects", () => {
    const { node, world } = killed(79);
    node.sent.length = 0;
    world.meet(node, victim);
    world.run(5);
    const types = node.sent.filter(({ to }) => to === victim.pkiId);
    assert.deepEqual(
      types.map(({ message }) => message.content?.type),
      ["membership-request"],
    );
  });
});

describe("an identity", () => {
  test("is asked of others although one has sent rubbish in its place", () => {
    const { world, node, hear } = setUp(80);
    for (const identity of [friend, hostile]) {
      hear(identity, aliveOf(identity, { endpoint: `${identity.pkiId}:1` }));
    }
    const wanted = testIdentity("A", "wanted");
    const hellos = (): Map<PkiId, bigint> =>
      new Map(
        node.sent.flatMap(({ to, message: { content } }) =>
          content?.type === "hello" ? [[to, content.value.nonce] as const] : [],
        ),
      );
    const isAsked = (of: Identity): boolean =>
      node.sent.some(({ to, message }) => to === of.pkiId && message.content?.type === "request");
    world.runUntil(() => hellos().size === 2, 60_000);
    hear(friend, digest(hellos().get(friend.pkiId) ?? 0n, []));
    hear(hostile, digest(hellos().get(hostile.pkiId) ?? 0n, [wanted]));
    assert.ok(isAsked(hostile));
    const other = testIdentity("Z", "other");
    const rubbish = identityItemOf(other, { pkiId: wanted.pkiId });
    hear(hostile, update(hellos().get(hostile.pkiId) ?? 0n, [rubbish]));
    world.run(3_000);
    node.sent.length = 0;
    world.runUntil(() => hellos().size === 2, 60_000);
    for (const one of [hostile, friend]) {
      hear(one, digest(hellos().get(one.pkiId) ?? 0n, [wanted]));
    }
    assert.deepEqual([isAsked(friend), isAsked(hostile)], [true, false]);
  });
});

/** What the adversary does with one of the true messages it has collected. */
interface Replay {
  readonly to: number;
  /** Which of them, counted from the newest. */
  readonly back: number;
  readonly as: "gossip" | Heading;
  readonly strip: boolean;
}

const replay: fc.Arbitrary<Replay> = fc.record({
  to: fc.nat(2),
  back: fc.oneof({ weight: 3, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(60) }),
  as: fc.constantFrom("gossip", "alive", "dead", "dead"),
  strip: fc.boolean(),
});

/** Honest members, and everything true that they have signed: nobody can hear more. */
class Stage {
  readonly world: World;
  readonly nodes: readonly TestNode[];
  readonly #heard: Uint8Array[] = [];
  readonly #seen = new Set<string>();

  constructor(seed: number) {
    this.world = createWorld(seed, 20);
    this.nodes = ["a", "b", "c"].map((name) =>
      this.world.add(name, { bootstrap: name === "a" ? [] : ["a:7051"] }),
    );
    this.world.run(15_000);
    for (const node of this.nodes) this.world.meet(node, hostile);
    this.forgetEvents();
  }

  forgetEvents(): void {
    for (const { events } of this.nodes) events.length = 0;
  }

  collect(): void {
    for (const { core, identity, sent } of this.nodes) {
      const { alive } = core.self;
      const name = `${identity.pkiId} ${alive?.time.seqNum}`;
      if (alive && !this.#seen.has(name)) this.#heard.push(alive.envelope.bytes);
      this.#seen.add(name);
      for (const { message } of sent.splice(0)) {
        if (message.content?.type !== "membership-request") continue;
        this.#heard.push(message.content.value.selfInformation);
      }
    }
  }

  replay({ to, back, as, strip }: Replay, targets: readonly TestNode[]): void {
    const bytes = this.#heard.at(-1 - back);
    const target = targets[to % targets.length];
    if (bytes === undefined || target === undefined) return;
    const form = strip ? stripped(bytes) : bytes;
    const message = as === "gossip" ? form : list(as, form);
    this.world.give(target, { type: "message", from: hostile.pkiId, bytes: message });
  }
}

describe("an adversary that replays, reorders, strips and relabels true messages", () => {
  test("silences nobody who lives, and keeps nobody alive who died", () => {
    const replays = fc.array(replay, { minLength: 20, maxLength: 400, size: "max" });
    fc.assert(
      fc.property(replays, fc.nat(1_000), (acts, seed) => {
        const stage = new Stage(seed);
        for (const act of acts) {
          stage.collect();
          stage.replay(act, stage.nodes);
          stage.world.run(250);
        }
        assert.deepEqual(told(stage.nodes, "member-dead"), []);

        const [dead, ...living] = stage.nodes;
        assert.ok(dead);
        stage.world.kill(dead);
        stage.world.run(5_000);
        for (const act of acts.slice(0, 100)) {
          stage.replay(act, living);
          stage.world.run(250);
        }
        for (const { core, name } of living) {
          assert.equal(core.members.table.get(dead.identity.pkiId)?.status, "dead", name);
        }
      }),
      { numRuns: 20 },
    );
  });
});

function told(nodes: readonly TestNode[], type: string): string[] {
  return nodes.flatMap(({ name, events }) =>
    events.filter((event) => event.type === type).map(() => name),
  );
}
