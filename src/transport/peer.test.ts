import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createPair, kinds, nameOf } from "../../test/transport/node.ts";
import { createSeededRandom } from "./testing.ts";

test("what its addressee must not have any more by the time a link is there is left out", async () => {
  const { clock, low, high } = await createPair();
  const allowed = new Set(["a", "b", "c"]);
  const messages = [...allowed].map((text) => ({
    bytes: Buffer.from(text),
    isAllowed: () => allowed.has(text),
  }));
  low.connections.send({ pkiId: high.pkiId, endpoint: high.endpoint }, messages);
  allowed.delete("b");
  clock.advance(1_000);
  assert.deepEqual(high.received(), ["a", "c"]);
});

describe("two links to one peer", () => {
  for (let seed = 1; seed <= 200; seed++) {
    test(`after simultaneous dials exactly one remains (interleaving ${seed})`, async () => {
      const random = createSeededRandom(seed);
      const latencies = Array.from({ length: 64 }, () => random.below(40));
      let next = 0;
      const latencyMs = () => latencies[next++ % latencies.length] ?? 0;
      const { clock, hub, low, high } = await createPair({ latencyMs });
      const start = [random.below(60), random.below(60)];
      clock.after(start[0] ?? 0, () => low.send(high, "a"));
      clock.after(start[1] ?? 0, () => high.send(low, "b"));
      for (let i = 0; i < 300; i++) {
        clock.advance(10);
        if (i % 10 === 5) {
          low.send(high, `low${i}`);
          high.send(low, `high${i}`);
        }
      }
      clock.advance(15_000);
      assert.equal(hub.links, 1);
      assert.equal(low.connections.list().length, 1);
      assert.equal(high.connections.list().length, 1);
      // Nothing was lost on the way, and nobody was told that the other had left.
      assert.equal(high.received().length, 31);
      assert.equal(low.received().length, 31);
      assert.equal(kinds(low).filter((line) => line.startsWith("connected")).length, 1);
      assert.ok(![...low.told, ...high.told].some((line) => line.startsWith("disconnected")));
    });
  }

  test("the one that was dialled by the lower PKI-ID stays", async () => {
    const { clock, low, high } = await createPair();
    low.send(high, "a");
    high.send(low, "b");
    clock.advance(500);
    assert.equal(low.connections.list().length, 2);
    clock.advance(1_000);
    assert.deepEqual(
      [...low.connections.list(), ...high.connections.list()].map(({ outbound }) => outbound),
      [true, false],
    );
  });

  test("if the preferred one breaks while the other lingers, the other is kept", async () => {
    const { clock, hub, low, high } = await createPair();
    low.send(high, "a");
    high.send(low, "b");
    clock.advance(500);
    hub.dropLinks((dialler) => dialler === low.endpoint);
    low.send(high, "c");
    clock.advance(20_000);
    assert.equal(hub.links, 1);
    assert.deepEqual(high.received(), ["a", "c"]);
    assert.ok(![...low.told, ...high.told].some((line) => line.startsWith("disconnected")));
  });

  for (const who of ["low", "high"] as const) {
    test(`a peer that comes back after a silent loss replaces its old link (${who} dials)`, async () => {
      const { clock, reroute, node, ...pair } = await createPair();
      const [lost, stayed] = who === "low" ? [pair.low, pair.high] : [pair.high, pair.low];
      stayed.send(lost, "x");
      clock.advance(10_000);
      // It is cut off, and starts again elsewhere: its old link leads nowhere, and stays silent.
      reroute((from, to) => (from === lost.endpoint || to === lost.endpoint ? "lose" : "pass"));
      const back = await node(nameOf(lost) ?? "", { person: lost.person, endpoint: "back:7051" });
      back.send(stayed, "again");
      clock.advance(20_000);
      assert.ok(stayed.received().includes("again"));
      stayed.send(back, "welcome");
      clock.advance(1_000);
      assert.deepEqual(back.received(), ["welcome"]);
      assert.equal(stayed.connections.list().length, 1);
    });
  }
});
