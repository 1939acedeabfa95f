import assert from "node:assert/strict";
import { test } from "node:test";
import { suspect } from "../core/tables/deaths.ts";
import { trio } from "../core/testing-views.ts";
import type { Connections } from "../transport/connections.ts";
import { ping } from "./probes.ts";

test("a ping that waits is needed as long as its member is suspect, cut off or dead", () => {
  const { world, p0, p1, p2 } = trio(10);
  world.run(20_000);
  const { core } = p0;
  const asked: { isNeeded?: () => boolean } = {};
  const connections = {
    ping: (_endpoint, _done, isNeeded) => {
      if (isNeeded) asked.isNeeded = isNeeded;
      return () => {};
    },
  } satisfies Pick<Connections, "ping">;
  const host = { core, connections, failures: { noteFailure: () => {} } };
  const give = (): void => {};
  const { pkiId } = p1.identity;
  ping({ ...host, clock: world, give }, pkiId, "p1:7051");
  assert.equal(asked.isNeeded?.(), false);
  suspect(core.members, pkiId);
  assert.equal(asked.isNeeded?.(), true);
  world.run(10_000); // Its heartbeats arrive.
  assert.equal(asked.isNeeded?.(), false);
  world.cut([p1], [p0, p2]);
  world.run(30_000);
  assert.equal(core.members.table.get(pkiId)?.status, "dead");
  assert.equal(asked.isNeeded?.(), true);
});
