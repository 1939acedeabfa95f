/** Whole nodes - core, connections, handshakes, codec - over a network in memory, in virtual time. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Process } from "../../simulation/process.ts";
import type { ChannelConfig } from "../config/config.ts";
import { type TestCrypto, testIdentity, testSignature } from "../core/testing-identities.ts";
import type { Identity, Signer } from "../core/types/host.ts";
import { GossipError } from "../lib/errors.ts";
import { createChannelHost } from "../msp/channel-msp.ts";
import type { GossipEvent } from "../observe/events.ts";
import { toJson } from "../observe/json.ts";
import { createMemoryHub, type MemoryHub } from "../transport/memory.ts";
import { createVirtualClock, type VirtualClock } from "../transport/testing.ts";
import { toHex } from "../wire/bytes.ts";
import { keepMembers } from "./keep-members.ts";
import { GossipNode } from "./node.ts";
import { testParts } from "./testing.ts";

const NOW_MS = 1_800_000_000_000;

interface Member {
  readonly node: GossipNode;
  readonly crypto: TestCrypto;
  readonly identity: Identity;
  readonly events: GossipEvent[];
}

interface Network {
  readonly clock: VirtualClock;
  readonly hub: MemoryHub;
  start(name: string, options?: { bootstrap?: string[]; signer?: Signer }): Promise<Member>;
  /** Lets virtual time pass; promises between the steps are served. */
  run(ms: number): Promise<void>;
}

function createNetwork(seed = 1): Network {
  const clock = createVirtualClock(NOW_MS);
  const hub = createMemoryHub({ clock, latencyMs: () => 1 });
  let nodes = 0;
  return {
    clock,
    hub,
    async start(name, { bootstrap = ["a:1"], signer } = {}) {
      nodes += 1;
      const seedOfNode = seed * 1_000 + nodes;
      const parts = testParts(name, { clock, hub, bootstrap, signer, seed: seedOfNode });
      const { crypto, identity } = parts;
      const node = await GossipNode.create(parts);
      const events: GossipEvent[] = [];
      void collect(node, events);
      return { node, crypto, identity, events };
    },
    async run(ms) {
      for (let step = 0; step < 20; step++) {
        clock.advance(ms / 20);
        await new Promise(setImmediate);
      }
    },
  };
}

async function collect(node: GossipNode, events: GossipEvent[]): Promise<void> {
  for await (const event of node.events()) events.push(event);
}

function alive({ node }: Member): string[] {
  return node
    .members()
    .filter(({ status, self }) => status === "alive" && !self)
    .map(({ internalEndpoint }) => internalEndpoint ?? "")
    .sort();
}

function types({ events }: Member): string[] {
  return events.map(({ type }) => type);
}

describe("a network of nodes", () => {
  test("whoever listens as soon as a node has started hears of the first to join", async () => {
    const network = createNetwork();
    const { clock, hub } = network;
    const keep = async (): Promise<void> => network.run(2_000);
    const starting = GossipNode.create({ ...testParts("a", { clock, hub, seed: 7 }), keep });
    await network.start("b", { bootstrap: ["a:1"] });
    const node = await starting;
    const events: GossipEvent[] = [];
    void collect(node, events);
    await network.run(30_000);
    assert.equal(events.filter(({ type }) => type === "member-joined").length, 1);
  });

  test("where members are is kept, for a next life in which no contact answers", async () => {
    const network = createNetwork();
    const { clock, hub } = network;
    const kept: string[] = [];
    const note = async (places: readonly string[]): Promise<void> => {
      kept.push(places.join(" "));
    };
    const a = await network.start("a");
    const b = await GossipNode.create({
      ...testParts("b", { clock, hub, bootstrap: ["a:1"], seed: 8 }),
      keepMembers: (core, time) => keepMembers(core, time, note),
    });
    await network.run(20_000);
    assert.deepEqual(kept, ["a:1"], "once for each change");
    const c = await network.start("c");
    await network.run(1_000);
    await b.close();
    assert.deepEqual(kept, ["a:1", "a:1 c:1"], "the last change too");
    await a.node.close();
    const parts = testParts("d", { clock, hub, seed: 9, bootstrap: ["a:1"] });
    const core = { ...parts.core, formerPeers: ["c:1"] };
    await GossipNode.create({ ...parts, core });
    await network.run(5_000);
    assert.ok(alive(c).includes("d:1"));
  });

  test("forms over one bootstrap peer, over authenticated connections", async () => {
    const network = createNetwork();
    const [a, b, c] = [
      await network.start("a"),
      await network.start("b"),
      await network.start("c"),
    ];
    await network.run(600);
    assert.deepEqual(
      [alive(a), alive(b), alive(c)],
      [
        ["b:1", "c:1"],
        ["a:1", "c:1"],
        ["a:1", "b:1"],
      ],
    );
    assert.ok(a.node.connections().every(({ mspId }) => mspId === "A"));
    assert.deepEqual(a.node.diagnostics.problems(), []);
    assert.ok(types(a).includes("member-joined") && types(a).includes("connection-opened"));
  });

  test("notices at once when one closes, and when it is back", async () => {
    const network = createNetwork();
    const [a, b] = [await network.start("a"), await network.start("b")];
    await network.run(600);
    await b.node.close();
    await network.run(200);
    assert.deepEqual(alive(a), []);
    assert.ok(types(a).includes("member-dead"));
    await network.start("b");
    await network.run(200);
    assert.deepEqual(alive(a), ["b:1"]);
    assert.ok(types(a).includes("member-returned"));
  });

  test("one whose clock was ahead keeps the incarnation from which it goes on", async () => {
    const network = createNetwork();
    const { clock, hub } = network;
    await network.start("a");
    const parts = testParts("b", { clock, hub, bootstrap: ["a:1"] });
    const lastIncarnation = 4_000_000_000_000_000_000n;
    const core = { ...parts.core, lastIncarnation };
    const ahead = await GossipNode.create({ ...parts, core });
    await network.run(600);
    await ahead.close();
    const kept: bigint[] = [];
    const keep = async (incarnation: bigint): Promise<void> => void kept.push(incarnation);
    const again = testParts("b", { clock, hub, bootstrap: ["a:1"] });
    await GossipNode.create({ ...again, keep });
    await network.run(5_000);
    const [first = 0n, raised = 0n, ...more] = kept;
    assert.ok(first < lastIncarnation && raised > lastIncarnation && more.length === 0, `${kept}`);
  });

  test("survives every link being cut", async () => {
    const network = createNetwork();
    const [a, b] = [await network.start("a"), await network.start("b")];
    await network.run(600);
    network.hub.dropLinks(() => true);
    await network.run(10_000);
    assert.deepEqual([alive(a), alive(b)], [["b:1"], ["a:1"]]);
    assert.equal(types(a).includes("member-dead"), false);
  });

  test("a channel whose configuration nobody knows is told by why, and among the problems", async () => {
    const network = createNetwork();
    await network.start("a");
    const parts = testParts("b", { ...network, bootstrap: ["a:1"], seed: 7 });
    const lag = { blocks: 10, timeMs: 60_000, stillMs: undefined };
    const name = "mychannel";
    const followed: ChannelConfig[] = [
      {
        name,
        configBlock: undefined,
        role: "observer",
        blocks: "none",
        keepBlocks: undefined,
        lag,
      },
    ];
    const node = await GossipNode.create({
      ...parts,
      core: { ...parts.core, channels: { host: createChannelHost(), followed } },
      channels: {
        ...{ host: createChannelHost(), followed, trusted: new Map(), openStore: undefined },
        accept: () => {},
      },
    });
    await network.run(25_000);
    assert.deepEqual(node.diagnostics.problems(), []);
    await network.run(10_000);
    const sentence = /configuration is not known after \d+ s/;
    assert.match(node.diagnostics.problems().join(), sentence);
    assert.match(node.diagnostics.why("b:1").sentences.join(), sentence);
    assert.doesNotMatch(node.diagnostics.why("a:1").sentences.join(), sentence);
    for (const peer of ["a:1", "b:1"]) {
      const { causes, sentences, remedy } = await node.channel(name).why(peer);
      assert.equal(causes.filter(({ code }) => code === "config-unknown").length, 1);
      assert.equal(sentences.filter((one) => sentence.test(one)).length, 1);
      assert.match(remedy ?? "", /configBlock/);
    }
    await node.close();
  });

  test("keeps a bounded number of connections and no leftovers after closing", async () => {
    const network = createNetwork();
    const members: Member[] = [];
    for (const name of ["a", "b", "c", "d"]) members.push(await network.start(name));
    await network.run(30_000);
    for (const { node } of members) assert.ok(node.connections().length <= 3);
    await Promise.all(members.map(({ node }) => node.close()));
    network.clock.advance(120_000);
    assert.deepEqual([network.hub.links, network.clock.waiting], [0, 0]);
  });

  test("does the same again from the same seed", async () => {
    const trace = async (): Promise<string> => {
      const network = createNetwork(7);
      const members: Member[] = [];
      for (const name of ["a", "b", "c", "d"]) members.push(await network.start(name));
      await network.run(20_000);
      await members[2]?.node.close();
      await network.run(20_000);
      return JSON.stringify(toJson(members.map(({ events }) => events)));
    };
    assert.equal(await trace(), await trace());
  });
});

describe("a node", () => {
  test("publishes changed metadata and endpoint at once", async () => {
    const network = createNetwork();
    const [a, b] = [await network.start("a"), await network.start("b")];
    await network.run(600);
    b.node.setMetadata(new Uint8Array([1, 2, 3]));
    b.node.setEndpoint("outside:1");
    await network.run(100);
    const seen = a.node.members().find(({ pkiId }) => pkiId === b.identity.pkiId);
    assert.deepEqual([seen?.metadata, seen?.endpoint], [Uint8Array.of(1, 2, 3), "outside:1"]);
  });

  test("refuses metadata that would bloat every heartbeat, and endpoints that are none", async () => {
    const network = createNetwork();
    const { node } = await network.start("a");
    assert.throws(() => node.setMetadata(new Uint8Array(5_000)), GossipError);
    for (const endpoint of ["garbage", "a\nb:1", "host:0", ":1", "x".repeat(10_000)]) {
      assert.throws(() => node.setEndpoint(endpoint), GossipError, endpoint.slice(0, 10));
    }
  });

  test("says that it was closed to whoever still wants to change it", async () => {
    const network = createNetwork();
    const { node } = await network.start("a");
    await node.close();
    const closed = { name: "GossipError", code: "closed" };
    assert.throws(() => node.setMetadata(new Uint8Array(1)), closed);
    assert.throws(() => node.setEndpoint(""), closed);
    assert.throws(() => node.setTrust([]), closed);
    await assert.rejects(node.reload(), closed);
  });

  test("drops a revoked member when trust changes, and does not let it back", async () => {
    const network = createNetwork();
    const [a, b] = [await network.start("a"), await network.start("b")];
    await network.run(600);
    a.crypto.revoked.add(b.identity.pkiId);
    a.node.setTrust([]);
    assert.deepEqual(alive(a), []);
    await network.run(10_000);
    assert.deepEqual([alive(a), a.node.connections().length], [[], 0]);
    const purged = a.events.find(({ type }) => type === "identity-purged");
    assert.equal(purged?.type === "identity-purged" && purged.reason, "revoked");
    assert.ok(types(a).includes("handshake-failed"));
  });

  test("says what is overdue under its old certificate before it takes the new one", async () => {
    const network = createNetwork();
    const a = await network.start("a");
    const process = new Process(network.clock);
    const { identity, ...parts } = testParts("b", { ...network, bootstrap: ["a:1"], seed: 7 });
    const renewed = testIdentity("A", "b-renewed");
    const signed: string[] = [];
    const node = await GossipNode.create({
      ...parts,
      clock: process.clock,
      network: network.hub.network({
        endpoints: ["b:1"],
        certificate: identity.bytes,
        clock: process.clock,
      }),
      reload: async () => ({
        own: {
          self: renewed,
          signer: (payload) => {
            signed.push(toHex(payload));
            return testSignature(renewed.pkiId, payload);
          },
        },
        problems: [],
      }),
    });
    await network.run(2_000);
    process.stall();
    await network.run(8_000);
    await node.reload();
    process.resume();
    await network.run(8_000);
    const names = a.node.members().map(({ pkiId }) => pkiId);
    assert.ok(names.includes(renewed.pkiId) && !names.includes(identity.pkiId));
    assert.ok(signed.length > 2);
    assert.ok(!signed.some((payload) => payload.includes(identity.pkiId)));
  });

  test("works with a signer that takes its time", async () => {
    const network = createNetwork();
    const a = await network.start("a");
    const { pkiId } = testIdentity("A", "slow");
    const slow: Signer = async (payload) => {
      await new Promise(setImmediate);
      return testSignature(pkiId, payload);
    };
    await network.start("slow", { signer: slow });
    await network.run(2_000);
    assert.deepEqual(alive(a), ["slow:1"]);
  });

  test("with a signer that fails says so and goes on trying", async () => {
    const network = createNetwork();
    await network.start("a");
    let broken = true;
    const { pkiId } = testIdentity("A", "b");
    const signer: Signer = (payload) => {
      if (broken) throw new Error("the HSM is asleep");
      return testSignature(pkiId, payload);
    };
    const b = await network.start("b", { signer });
    await network.run(5_000);
    assert.ok(types(b).includes("signing-failed"));
    assert.equal(b.node.diagnostics.problems().length, 1);
    broken = false;
    await network.run(30_000);
    assert.deepEqual(alive(b), ["a:1"]);
  });
});
