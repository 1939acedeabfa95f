import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Dissemination } from "./dissemination.ts";

/** Four members, of which the last is not concerned; heartbeat 1 of member 0 is born at 100 ms. */
function begun(): Dissemination {
  const audience = {
    size: 4,
    isConcerned: (origin: number, member: number) => member !== origin && member !== 3,
  };
  const dissemination = new Dissemination(audience, 1);
  dissemination.measure(0, 1_000);
  dissemination.signed(1, 0, 100);
  return dissemination;
}

describe("the spreading of heartbeats", () => {
  test("is measured in members reached, hops, milliseconds and copies", () => {
    const dissemination = begun();
    dissemination.arrived(1, 0, 1, 110);
    dissemination.arrived(1, 1, 2, 130);
    dissemination.arrived(1, 0, 2, 140);
    dissemination.arrived(1, 2, 1, 150);
    dissemination.settle(20_000);
    const { heartbeats, coverage, hops, latencyMs, copies } = dissemination.figures();
    assert.deepEqual([heartbeats, coverage, copies], [1, 1, 2]);
    assert.deepEqual([hops.mean, hops.max], [1.5, 2]);
    assert.deepEqual([latencyMs.mean, latencyMs.p50, latencyMs.max], [20, 10, 30]);
  });

  test("misses whoever got nothing", () => {
    const dissemination = begun();
    dissemination.arrived(1, 0, 1, 110);
    dissemination.settle(20_000);
    assert.deepEqual(
      [dissemination.figures().coverage, dissemination.figures().coverageMin],
      [0.5, 0.5],
    );
  });

  test("does not count signatures that are no heartbeats, nor old or early ones", () => {
    const dissemination = begun();
    dissemination.signed(2, 0, 2_000); // After the time of measurement.
    dissemination.arrived(2, 0, 1, 2_010);
    dissemination.signed(3, 0, 200); // Relayed without ever coming from its author.
    dissemination.arrived(3, 1, 2, 210);
    dissemination.arrived(1, 0, 1, 50_000); // Hours on the way.
    dissemination.settle(100_000);
    assert.equal(dissemination.figures().heartbeats, 0);
  });
});
