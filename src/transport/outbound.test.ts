/** Dials on a member's word: how many there are in all. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Network } from "./network.ts";
import { Outbound } from "./outbound.ts";
import { createVirtualClock } from "./testing.ts";

function createDialler() {
  const clock = createVirtualClock();
  const dialled: string[] = [];
  const network: Network = {
    listen: async () => {},
    close: async () => {},
    dial: (endpoint) => {
      dialled.push(endpoint);
      return () => {};
    },
    ping: (endpoint) => {
      dialled.push(endpoint);
      return () => {};
    },
  };
  return { clock, dialled, outbound: new Outbound(network, clock) };
}

describe("dials and pings together", () => {
  test("are five hundred at once and a hundred a second, and none is forgotten", () => {
    const { clock, dialled, outbound } = createDialler();
    for (let i = 0; i < 1_000; i++) outbound.ping(`host${i}:1`, () => {});
    assert.ok(Math.abs(dialled.length - 500) <= 1, `${dialled.length} at once`);
    clock.advance(1_000);
    assert.ok(Math.abs(dialled.length - 600) <= 1, `${dialled.length} after a second`);
    clock.advance(5_000);
    assert.equal(dialled.length, 1_000);
  });

  test("are saved up while there are none", () => {
    const { clock, dialled, outbound } = createDialler();
    for (let i = 0; i < 500; i++) outbound.ping("host:1", () => {});
    clock.advance(60_000);
    dialled.length = 0;
    for (let i = 0; i < 500; i++) outbound.ping("host:1", () => {});
    assert.equal(dialled.length, 500);
  });

  test("do not happen any more if they are cancelled while they wait", () => {
    const { clock, dialled, outbound } = createDialler();
    const cancels = Array.from({ length: 1_000 }, () => outbound.ping("host:1", () => {}));
    for (const cancel of cancels) cancel();
    const before = dialled.length;
    clock.advance(60_000);
    assert.equal(dialled.length, before);
  });
});
