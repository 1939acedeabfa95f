/** Connections that nobody uses any more are closed, and that is no sign of a death. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createPair, nameOf } from "../../test/transport/node.ts";

describe("a connection that is not used", () => {
  test("for 30 s is closed; both sides know why, and no more is made of it", async () => {
    const { clock, hub, low, high } = await createPair();
    low.send(high, "hello");
    clock.advance(29_000);
    assert.equal(hub.links, 1);
    low.told.length = 0;
    high.told.length = 0;
    clock.advance(10_000);
    assert.equal(hub.links, 0);
    assert.deepEqual(low.told, [`disconnected ${nameOf(high)} idle`]);
    assert.deepEqual(high.told, [`disconnected ${nameOf(low)} idle`]);
    high.received();
    low.send(high, "again");
    clock.advance(1_000);
    assert.ok(high.received().includes("again"));
  });

  test("in one direction only is used", async () => {
    const { clock, hub, low, high } = await createPair();
    for (let times = 0; times < 10; times++) {
      low.send(high, String(times));
      clock.advance(20_000);
    }
    assert.equal(hub.links, 1);
    assert.equal(high.received().length, 10);
  });

  test("but breaks while it is in use is a loss", async () => {
    const { clock, hub, low, high } = await createPair();
    low.send(high, "hello");
    clock.advance(5_000);
    low.told.length = 0;
    hub.dropLinks(() => true);
    clock.advance(1_000);
    assert.deepEqual(low.told, [`disconnected ${nameOf(high)} closed`]);
  });
});
