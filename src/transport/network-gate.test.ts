import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createMemoryHub } from "./memory.ts";
import type { Link, Network } from "./network.ts";
import { createNetworkGate, type NetworkGate } from "./network-gate.ts";
import { createVirtualClock, type VirtualClock } from "./testing.ts";

const DIAL_MS = 3_000;
const SILENCE_MS = 80_000;
const CUT = new Set(["b:1"]);
const WHOLE = new Set<string>();

interface World {
  readonly clock: VirtualClock;
  readonly gate: NetworkGate;
  /** That of `a:1`, behind the gate. */
  readonly network: Network;
  /** What happened on either side, in words. */
  readonly seen: string[];
  dial(endpoint?: string): Link | undefined;
}

async function setUp(): Promise<World> {
  const clock = createVirtualClock();
  const hub = createMemoryHub({ clock });
  const gate = createNetworkGate(clock, { dialTimeoutMs: DIAL_MS, silenceTimeoutMs: SILENCE_MS });
  const seen: string[] = [];
  const certificate = new Uint8Array(1);
  const listenTo = (link: Link, name: string): void =>
    link.start({
      message: ([byte]) => seen.push(`${name} got ${byte}`),
      drain: () => {},
      closed: () => seen.push(`${name} closed`),
    });
  for (const name of ["b", "c"]) {
    await hub.network({ endpoints: [`${name}:1`], certificate }).listen((link) => {
      listenTo(link, name);
      clock.after(5, () => link.send(Uint8Array.of(9)));
    });
  }
  const network = gate.network(hub.network({ endpoints: ["a:1"], certificate }));
  return {
    clock,
    gate,
    network,
    seen,
    dial(endpoint = "b:1") {
      let made: Link | undefined;
      network.dial(endpoint, {
        opened: (link) => {
          made = link;
          listenTo(link, "a");
        },
        failed: (fault) => seen.push(`a failed: ${fault}`),
      });
      clock.advance(DIAL_MS);
      return made;
    },
  };
}

describe("a network gate", () => {
  test("lets everything pass while it is open", async () => {
    const { clock, seen, dial } = await setUp();
    dial()?.send(Uint8Array.of(1));
    clock.advance(100);
    assert.deepEqual(seen, ["a got 9", "b got 1"]);
  });

  test("loses what crosses a link in either direction, tells nobody, and breaks it when it opens", async () => {
    const { clock, gate, seen, dial } = await setUp();
    const link = dial();
    assert.ok(link);
    seen.length = 0;
    gate.cutOff(CUT);
    assert.equal(link.send(Uint8Array.of(1)), true);
    clock.advance(SILENCE_MS - 1);
    assert.deepEqual(seen, []);
    gate.cutOff(WHOLE);
    clock.advance(100);
    assert.deepEqual(seen.toSorted(), ["a closed", "b closed"]);
  });

  test("what the other side sends is lost as well", async () => {
    const { clock, gate, network, seen } = await setUp();
    network.dial("b:1", {
      opened: (link) => {
        link.start({
          message: () => seen.push("a got something"),
          drain: () => {},
          closed: () => {},
        });
        gate.cutOff(CUT); // Before the other side's message, which is on its way.
      },
      failed: assert.fail,
    });
    clock.advance(1_000);
    assert.deepEqual(seen, []);
  });

  test("a link that has lost nothing goes on", async () => {
    const { clock, gate, seen, dial } = await setUp();
    const link = dial();
    gate.cutOff(CUT);
    clock.advance(1_000);
    gate.cutOff(WHOLE);
    clock.advance(2 * SILENCE_MS);
    link?.send(Uint8Array.of(2));
    clock.advance(100);
    assert.deepEqual(seen, ["a got 9", "b got 2"]);
  });

  test("a link that stays silent ends as if by keepalive, once", async () => {
    const { clock, gate, seen, dial } = await setUp();
    dial();
    seen.length = 0;
    gate.cutOff(CUT);
    clock.advance(SILENCE_MS + 100);
    gate.cutOff(WHOLE);
    clock.advance(1_000);
    assert.deepEqual(seen.toSorted(), ["a closed", "b closed"]);
  });

  test("dials and pings get no answer, and only to where the gate is closed", async () => {
    const { clock, gate, network, seen, dial } = await setUp();
    gate.cutOff(CUT);
    assert.equal(dial(), undefined);
    network.ping("b:1", (fault) => seen.push(`ping ${fault}`));
    clock.advance(DIAL_MS - 1);
    assert.deepEqual(seen, ["a failed: timeout"]);
    clock.advance(1);
    network.ping("c:1", (fault) => seen.push(`ping ${fault}`));
    clock.advance(100);
    assert.deepEqual(seen, ["a failed: timeout", "ping timeout", "ping undefined"]);
    dial("c:1")?.send(Uint8Array.of(3));
    clock.advance(100);
    assert.ok(seen.includes("c got 3"));
  });

  test("a dial that is cancelled while it gets no answer calls nobody", async () => {
    const { clock, gate, network } = await setUp();
    gate.cutOff(CUT);
    const cancel = network.dial("b:1", {
      opened: () => assert.fail("opened"),
      failed: () => assert.fail("failed"),
    });
    cancel();
    clock.advance(2 * DIAL_MS);
  });
});
