import assert from "node:assert/strict";
import { test } from "node:test";
import { Inbound } from "./inbound.ts";
import type { Link } from "./network.ts";

function linkFrom(remoteAddress: string): Link {
  return {
    outbound: false,
    remoteAddress,
    localCertHash: new Uint8Array(0),
    remoteCertHash: undefined,
    admit() {},
    start() {},
    send: () => true,
    close() {},
  };
}

test("the slowest of the address that has most makes room, whoever came first", () => {
  const inbound = new Inbound();
  const cancelled: string[] = [];
  for (const address of ["10.0.0.1:1", "10.0.0.9:1", "10.0.0.9:2", "[::1]:7"]) {
    inbound.add(linkFrom(address), () => cancelled.push(address));
  }
  assert.equal(inbound.makeRoom(5), undefined);
  assert.equal(inbound.makeRoom(4)?.remoteAddress, "10.0.0.9:1");
  assert.equal(inbound.makeRoom(4), undefined, "there is room now");
  assert.deepEqual(cancelled, ["10.0.0.9:1"]);
  inbound.cancelAll();
  assert.deepEqual(cancelled.slice(1), ["10.0.0.1:1", "10.0.0.9:2", "[::1]:7"]);
});
